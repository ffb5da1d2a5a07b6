// Tests of the YuNet detector, and a comparison with MTCNN.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "base/temporary_folder.hpp"
#include "support/images.hpp"
#include "support/models.hpp"
#include "support/source.hpp"
#include "vision/detect/face_detector.hpp"
#include "vision/embed/golden.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

struct SkipWithoutYunet {
    SkipWithoutYunet() {
        if (std::filesystem::exists(test::models() / "yunet.onnx")) return;
        std::printf("skipped: yunet.onnx is missing; models/prepare --only yunet fetches it\n");
        std::fflush(stdout);
        std::_Exit(77);
    }
};

float distance(Point a, Point b) {
    return std::hypot(a.x - b.x, a.y - b.y);
}

/// Returns the photos of the demo that show one face.
std::vector<Image> photos() {
    std::vector<Image> all;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::models() / "demo/photos")) {
        if (entry.path().extension() != ".jpg") continue;
        auto photo = read_image(entry.path());
        BOOST_REQUIRE(photo);
        all.push_back(std::move(*photo));
    }
    BOOST_REQUIRE(all.size() == 4U);
    return all;
}

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutYunet);

BOOST_AUTO_TEST_CASE(the_golden_image_has_the_golden_outputs) {
    std::ifstream in(test::source() / "models/golden_yunet.json");
    const auto golden = nlohmann::json::parse(in);
    const auto image = golden_image();
    auto net = cv::dnn::readNetFromONNX((test::models() / "yunet.onnx").string());
    net.setInput(cv::dnn::blobFromImage(test::mat_of(image)));
    for (const auto& [name, expected] : golden.at("outputs").items()) {
        const cv::Mat output = net.forward(name);
        double difference = 0;
        for (std::size_t i = 0; i < expected.size(); ++i) {
            difference = std::max(difference, std::abs(double{output.ptr<float>()[7 * i]} -
                                                       expected[i].get<double>()));
        }
        BOOST_TEST_CONTEXT(name) {
            BOOST_TEST((output.total() + 6) / 7 == expected.size());
            BOOST_TEST(difference <= golden.at("maximum_difference").get<double>());
        }
    }
}

BOOST_AUTO_TEST_CASE(finds_the_same_best_face_as_mtcnn_with_similar_box_and_landmarks) {
    FaceDetector mtcnn(test::models(), DetectorOptions{});
    FaceDetector yunet(test::models(), {.detector = DetectorKind::yunet});
    for (const auto& photo : photos()) {
        const auto expected = mtcnn.detect(photo);
        const auto found = yunet.detect(photo);
        BOOST_REQUIRE(!expected.empty());
        BOOST_REQUIRE(!found.empty());
        BOOST_TEST(iou(found.front().box, expected.front().box) > 0.7F);
        BOOST_TEST(found.front().score > 0.97F);
        const float eyes = eye_distance(expected.front().landmarks);
        for (std::size_t i = 0; i < 5; ++i) {
            BOOST_TEST(distance(found.front().landmarks[i], expected.front().landmarks[i]) <
                       0.25F * eyes);
        }
    }
}

BOOST_AUTO_TEST_CASE(finds_a_face_of_about_min_face_pixels) {
    const auto photo = photos().front();
    const auto width =
        FaceDetector(test::models(), DetectorOptions{}).detect(photo).front().box.width;
    for (const int min_face : {20, 40, 80}) {
        cv::Mat small;
        const double scale = 1.25 * min_face / double{width};
        cv::resize(test::mat_of(photo), small, {}, scale, scale, cv::INTER_AREA);
        Yunet yunet(test::models(), {.min_face = min_face});
        BOOST_TEST(yunet.detect(test::image_of(small)).size() == 1U, "min_face " << min_face);
    }
}

BOOST_AUTO_TEST_CASE(finds_faces_much_larger_than_min_face) {
    const auto photo = photos().front();
    const auto width =
        FaceDetector(test::models(), DetectorOptions{}).detect(photo).front().box.width;
    cv::Mat large;
    const double scale = 1000 / double{width};
    cv::resize(test::mat_of(photo), large, {}, scale, scale, cv::INTER_LINEAR);
    Yunet yunet(test::models(), {.min_face = 20});
    const auto faces = yunet.detect(test::image_of(large));
    BOOST_REQUIRE(!faces.empty());
    BOOST_TEST(faces.front().box.width > 800);
}

BOOST_AUTO_TEST_CASE(places_faces_correctly_in_images_of_any_size) {
    const auto photo = photos().front();
    cv::Mat face;
    cv::resize(test::mat_of(photo), face, {}, 200.0 / photo.width, 200.0 / photo.width,
               cv::INTER_AREA);
    Yunet yunet(test::models(), {.min_face = 24});
    const auto alone = yunet.detect(test::image_of(face));
    BOOST_REQUIRE(alone.size() == 1U);
    for (const auto& [right, below] : {std::pair{1, 0}, {13, 37}, {311, 5}, {900, 611}}) {
        cv::Mat framed;
        cv::copyMakeBorder(face, framed, below, below, right, right, cv::BORDER_CONSTANT,
                           cv::Scalar(90, 90, 90));
        auto faces = yunet.detect(test::image_of(framed));
        BOOST_REQUIRE(faces.size() == 1U);
        faces.front().box.x -= static_cast<float>(right);
        faces.front().box.y -= static_cast<float>(below);
        BOOST_TEST(iou(faces.front().box, alone.front().box) > 0.85F);
    }
}

BOOST_AUTO_TEST_CASE(finds_nothing_in_images_without_faces) {
    Yunet yunet(test::models(), {});
    BOOST_TEST(yunet.detect(Image{}).empty());
    BOOST_TEST(yunet.detect(test::flat(640, 480, {90, 90, 90})).empty());
    BOOST_TEST(yunet.detect(test::flat(1, 1, {90, 90, 90})).empty());
    BOOST_TEST(yunet.detect(test::flat(5000, 2, {90, 90, 90})).empty());
    BOOST_TEST(yunet.detect(test::image_of(test::texture(400, 5))).empty());
}

BOOST_AUTO_TEST_CASE(reports_a_missing_model_and_how_to_fetch_it) {
    const TemporaryFolder folder;
    BOOST_CHECK_EXCEPTION(Yunet(folder.path(), {}), FatalError, [](const FatalError& error) {
        const std::string message = error.what();
        return error.code() == Exit::unavailable &&
               message.find("yunet.onnx") != std::string::npos &&
               message.find("models/prepare --only yunet") != std::string::npos;
    });
}

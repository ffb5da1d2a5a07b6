// Tests of detection and embedding with the real models.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "support/images.hpp"
#include "support/models.hpp"
#include "vision/crop/align.hpp"
#include "vision/crop/quality.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/embed/golden.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;
using facebus::test::SkipWithoutModels;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

double cosine(const Embedding& a, const Embedding& b) {
    return static_cast<double>(similarity(a, b));
}

/// Returns a demo photograph with one face; nothing if the demo files were not fetched.
std::optional<Image> photograph() {
    const auto folder = test::models() / "demo" / "photos";
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::is_directory(folder)) return std::nullopt;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
        if (entry.path().extension() == ".jpg") files.push_back(entry.path());
    if (files.empty()) return std::nullopt;
    auto image = read_image(*std::min_element(files.begin(), files.end()));
    BOOST_REQUIRE(image);
    return *image;
}

}  // namespace

BOOST_AUTO_TEST_CASE(draws_the_golden_image_correctly) {
    const Image image = golden_image();
    const cv::Mat mat = test::mat_of(image);
    BOOST_TEST((mat.at<cv::Vec3b>(0, 0) == cv::Vec3b(60, 45, 40)));
    BOOST_TEST((mat.at<cv::Vec3b>(66, 57) == cv::Vec3b(59, 38, 54)));
    BOOST_TEST((mat.at<cv::Vec3b>(94, 80) == cv::Vec3b(168, 188, 238)));
    BOOST_TEST((mat.at<cv::Vec3b>(122, 80) == cv::Vec3b(81, 68, 157)));
    BOOST_TEST((mat.at<cv::Vec3b>(159, 159) == cv::Vec3b(79, 64, 59)));
}

BOOST_AUTO_TEST_CASE(the_model_id_begins_with_the_network_and_ends_with_the_crop_id) {
    const Embedder one(test::models());
    const Embedder two(test::models());
    BOOST_TEST(one.model_id() == two.model_id());
    BOOST_TEST(one.model_id().starts_with("facenet-20180408-casia:"));
    BOOST_TEST(one.model_id().ends_with(":box44up3"));
}

BOOST_AUTO_TEST_CASE(reports_a_missing_or_damaged_model_and_how_to_fetch_it) {
    const auto is_reported = [](const std::string& name) {
        return [name](const FatalError& error) {
            const std::string message = error.what();
            return error.code() == Exit::unavailable && message.find(name) != std::string::npos &&
                   message.find("models/prepare") != std::string::npos &&
                   message.find('\n') == std::string::npos;
        };
    };
    const TemporaryFolder folder;
    BOOST_CHECK_EXCEPTION(Embedder(folder.path()), FatalError, is_reported("facenet.onnx"));
    BOOST_CHECK_EXCEPTION(Mtcnn(folder.path(), {}), FatalError, is_reported("pnet.onnx"));
    std::ofstream(folder / "facenet.onnx") << "not a network";
    BOOST_CHECK_EXCEPTION(Embedder(folder.path()), FatalError, is_reported("facenet.onnx"));
    // A valid file that contains a different network.
    std::filesystem::copy_file(test::models() / "pnet.onnx", folder / "facenet.onnx",
                               std::filesystem::copy_options::overwrite_existing);
    BOOST_CHECK_EXCEPTION(Embedder(folder.path()), FatalError, is_reported("facenet.onnx"));
}

BOOST_AUTO_TEST_CASE(finds_nothing_in_images_without_faces) {
    Mtcnn mtcnn(test::models(), {});
    BOOST_TEST(mtcnn.detect(Image{}).empty());
    BOOST_TEST(mtcnn.detect(test::flat(39, 400, {90, 90, 90})).empty());
    BOOST_TEST(mtcnn.detect(test::flat(640, 480, {90, 90, 90})).empty());
    BOOST_TEST(mtcnn.detect(test::flat(40, 40, {90, 90, 90})).empty());
}

BOOST_AUTO_TEST_CASE(rejects_scale_factors_of_0_and_1) {
    BOOST_CHECK_THROW(Mtcnn(test::models(), {.scale_factor = 1.0F}), FatalError);
    BOOST_CHECK_THROW(Mtcnn(test::models(), {.scale_factor = 0.0F}), FatalError);
}

BOOST_AUTO_TEST_CASE(finds_a_face_with_landmarks_inside_its_box) {
    const auto photo = photograph();
    if (!photo) {
        BOOST_TEST_MESSAGE("skipped: no demo photographs; models/prepare fetches them");
        return;
    }
    Mtcnn mtcnn(test::models(), {});
    const auto faces = mtcnn.detect(*photo);
    BOOST_REQUIRE(!faces.empty());
    const Detection& face = faces.front();
    BOOST_TEST(face.score > 0.99F);
    BOOST_TEST(std::is_sorted(faces.begin(), faces.end(),
                              [](const auto& a, const auto& b) { return a.score > b.score; }));
    for (const Point& point : face.landmarks) {
        BOOST_TEST((point.x > face.box.x && point.x < face.box.x + face.box.width));
        BOOST_TEST((point.y > face.box.y && point.y < face.box.y + face.box.height));
    }
    BOOST_TEST(face.landmarks[0].x < face.landmarks[1].x);
    BOOST_TEST(face.landmarks[3].x < face.landmarks[4].x);
    BOOST_TEST(face.landmarks[2].y > face.landmarks[0].y);
    BOOST_TEST(face.landmarks[3].y > face.landmarks[2].y);
    BOOST_TEST(assess(align(*photo, face), face).overall > 0.5F);
}

BOOST_AUTO_TEST_CASE(the_embedding_hardly_changes_if_the_image_is_rotated_by_90_degrees) {
    const auto photo = photograph();
    if (!photo) {
        BOOST_TEST_MESSAGE("skipped: no demo photographs; models/prepare fetches them");
        return;
    }
    Mtcnn mtcnn(test::models(), {});
    Embedder embedder(test::models());
    const auto faces = mtcnn.detect(*photo);
    BOOST_REQUIRE(!faces.empty());
    const Detection& face = faces.front();
    // Rotate both the image and the detection by 90 degrees.
    cv::Mat rotated;
    cv::rotate(test::mat_of(*photo), rotated, cv::ROTATE_90_CLOCKWISE);
    const auto rotate = [&](Point p) {
        return Point{static_cast<float>(photo->height) - p.y, p.x};
    };
    Detection rotated_face = face;
    const Point centre = rotate(face.box.centre());
    rotated_face.box = {centre.x - face.box.width / 2, centre.y - face.box.height / 2,
                        face.box.width, face.box.height};
    std::transform(face.landmarks.begin(), face.landmarks.end(), rotated_face.landmarks.begin(),
                   rotate);
    const auto embeddings = embedder.embed(
        std::array{align(*photo, face), align(test::image_of(rotated), rotated_face)});
    BOOST_TEST(cosine(embeddings[0], embeddings[1]) > 0.9);
}

// Tests of the SSD detector, and a comparison with MTCNN.
#include <cstdio>
#include <cstdlib>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "support/models.hpp"
#include "vision/detect/face_detector.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

struct SkipWithoutSsd {
    SkipWithoutSsd() {
        if (std::filesystem::exists(test::models() / "ssd/deploy.prototxt")) return;
        std::printf("skipped: the SSD model is missing; models/prepare --only ssd fetches it\n");
        std::fflush(stdout);
        std::_Exit(77);
    }
};

float distance(Point a, Point b) {
    return std::hypot(a.x - b.x, a.y - b.y);
}

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutSsd);

BOOST_AUTO_TEST_CASE(finds_the_same_best_face_as_mtcnn_with_similar_box_and_landmarks) {
    std::size_t compared = 0;
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(test::models() / "demo/photos")) {
        if (entry.path().extension() != ".jpg") continue;
        const auto photo = read_image(entry.path());
        BOOST_REQUIRE(photo);
        const auto expected = FaceDetector(test::models(), DetectorOptions{}).detect(*photo);
        const auto found =
            FaceDetector(test::models(), {.detector = DetectorKind::ssd}).detect(*photo);
        BOOST_TEST_CONTEXT(entry.path()) {
            BOOST_REQUIRE(!expected.empty());
            BOOST_REQUIRE(!found.empty());
            BOOST_TEST(iou(found.front().box, expected.front().box) > 0.7F);
            BOOST_TEST(found.front().score > 0.9F);
            const float eyes = eye_distance(expected.front().landmarks);
            for (std::size_t i = 0; i < 5; ++i) {
                BOOST_TEST(distance(found.front().landmarks[i], expected.front().landmarks[i]) <
                           0.1F * eyes);
            }
        }
        ++compared;
    }
    BOOST_TEST(compared == 4U);
}

BOOST_AUTO_TEST_CASE(finds_nothing_in_images_without_faces) {
    Ssd ssd(test::models(), {});
    BOOST_TEST(ssd.detect(Image{}).empty());
    BOOST_TEST(ssd.detect(test::flat(640, 480, {90, 90, 90})).empty());
    BOOST_TEST(ssd.detect(test::image_of(test::texture(400, 5))).empty());
}

BOOST_AUTO_TEST_CASE(reports_a_missing_model_and_how_to_fetch_it) {
    const TemporaryFolder folder;
    BOOST_CHECK_EXCEPTION(Ssd(folder.path(), {}), FatalError, [](const FatalError& error) {
        const std::string message = error.what();
        return error.code() == Exit::unavailable &&
               message.find("deploy.prototxt") != std::string::npos &&
               message.find("models/prepare --only ssd") != std::string::npos;
    });
}

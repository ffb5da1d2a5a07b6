// Tests the face stage of the gateway with the real models.
#include <boost/test/unit_test.hpp>

#include "gallery/decide/calibration.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/rest/face_json.hpp"
#include "support/images.hpp"
#include "support/models.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::gateway;
using test::SkipWithoutModels;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutModels);

namespace {

Image photo(const std::string& name) {
    auto image = vision::read_image(test::models() / "demo/photos" / name);
    BOOST_REQUIRE(image);
    return std::move(*image);
}

struct Fixture {
    FaceStage stage{test::models(), {}, {}};

    /// Returns a gallery that contains only the person in the image, with this name.
    gallery::Snapshot gallery_with(const std::string& name, const Image& image) {
        const auto face = stage.sample(image, 0, name + ".jpg");
        BOOST_REQUIRE(face);
        auto sample = face->sample;
        sample.id = std::string(32, '1');
        sample.subject_id = std::string(32, '2');
        return {stage.model_id(), {{sample.subject_id, name, 0}}, {sample}, "1-0"};
    }

    /// Recognises the largest face of the image.
    RecognisedFace recognise(const Image& image, const gallery::Snapshot& snapshot) {
        const auto detected = stage.detect(image, {}, true);
        BOOST_REQUIRE(detected);
        return FaceStage::recognise(*detected, {}, snapshot, gallery::policy_for(snapshot, {}))
            .front();
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(recognises_a_person_in_another_photo_and_returns_no_subject_for_an_impostor,
                        Fixture) {
    const auto snapshot = gallery_with("Barack Obama", photo("barack_obama/obama.jpg"));
    const auto known = recognise(photo("barack_obama/obama3.jpg"), snapshot);
    BOOST_TEST((known.decision.verdict == gallery::Verdict::known));
    BOOST_TEST(known.candidates.front().name == "Barack Obama");
    Json json;
    add_recognised(json, known);
    BOOST_TEST(json["subjects"][0]["subject"] == "Barack Obama");
    BOOST_TEST(json["candidates"][0]["samples"][0] == "11111111-1111-1111-1111-111111111111");

    const auto impostor = recognise(photo("joe_biden/biden.jpg"), snapshot);
    BOOST_TEST((impostor.decision.verdict == gallery::Verdict::unknown));
    Json other;
    add_recognised(other, impostor);
    BOOST_TEST(other["subjects"].empty());
    BOOST_TEST(other["candidates"][0]["subject"] == "Barack Obama");
    BOOST_TEST(other["decision"] == "unknown");
}

BOOST_FIXTURE_TEST_CASE(
    lists_faces_largest_first_up_to_the_limit_and_rejects_a_sample_of_two_people, Fixture) {
    // Two photos next to each other, the second scaled to half its size.
    const auto one = photo("barack_obama/obama.jpg");
    const auto other = photo("joe_biden/biden.jpg");
    cv::Mat smaller;
    cv::resize(test::mat_of(other), smaller, {}, 0.5, 0.5, cv::INTER_AREA);
    cv::Mat mat(std::max(one.height, smaller.rows), one.width + smaller.cols, CV_8UC3,
                cv::Scalar(0, 0, 0));
    test::mat_of(one).copyTo(mat(cv::Rect(0, 0, one.width, one.height)));
    smaller.copyTo(mat(cv::Rect(one.width, 0, smaller.cols, smaller.rows)));
    const auto both = test::image_of(mat);
    const auto all = stage.detect(both, {}, false);
    BOOST_REQUIRE(all);
    BOOST_REQUIRE(all->faces.size() >= 2U);
    BOOST_TEST(all->faces[0].sighting.box.area() > all->faces[1].sighting.box.area());
    BOOST_TEST(!all->faces[0].embedding);
    const auto largest = stage.detect(both, {.limit = 1, .embedding = true}, false);
    BOOST_REQUIRE(largest->faces.size() == 1U);
    BOOST_TEST(largest->faces[0].sighting.box.x == all->faces[0].sighting.box.x);
    BOOST_TEST(largest->faces[0].embedding.has_value());
    BOOST_TEST(stage.sample(both, 0, "both.jpg").error().code == fault_code::several_faces);
}

BOOST_FIXTURE_TEST_CASE(images_without_a_face_fail_with_the_code_and_text_of_compreface, Fixture) {
    const auto grey = test::flat(300, 300, {127, 127, 127});
    for (const auto& fault :
         {stage.detect(grey, {}, true).error(), stage.sample(grey, 0, "x").error()}) {
        BOOST_TEST(fault.status == 400);
        BOOST_TEST(fault.code == 28);
        BOOST_TEST(fault.message.starts_with("No face is found in the given image"));
    }
    // A face with a detector score below the minimum does not count as a face.
    const auto image = photo("barack_obama/obama.jpg");
    BOOST_TEST(stage.detect(image, {.min_score = 1}, false).error().code == 28);
}

BOOST_FIXTURE_TEST_CASE(face_json_has_a_box_inside_the_image_and_only_requested_fields, Fixture) {
    const auto image = photo("barack_obama/obama.jpg");
    const auto detected = *stage.detect(image, {}, false);
    auto face = detected.faces.front();
    face.sighting.box = {-5, -5, 1e6F, 1e6F};
    const auto json = face_json(detected, face, {.landmarks = true});
    BOOST_TEST(json["box"]["x_min"] == 0);
    BOOST_TEST(json["box"]["y_min"] == 0);
    BOOST_TEST(json["box"]["x_max"] == image.width);
    BOOST_TEST(json["box"]["y_max"] == image.height);
    BOOST_TEST(json["landmarks"].size() == 5U);
    BOOST_TEST(!json.contains("embedding"));
}

BOOST_FIXTURE_TEST_CASE(returns_at_most_256_faces_of_an_image, Fixture) {
    const auto one = photo("barack_obama/obama.jpg");
    const double scale = 100.0 / one.height;
    cv::Mat small;
    cv::resize(test::mat_of(one), small, {}, scale, scale, cv::INTER_AREA);
    cv::Mat mat;
    cv::repeat(small, 17, 17, mat);  // 289 faces
    const auto detected = stage.detect(test::image_of(mat), {}, false);
    BOOST_REQUIRE(detected);
    BOOST_TEST(detected->faces.size() == 256U);
}

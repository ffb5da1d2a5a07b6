// Tests of the quality of a crop.
#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/crop/quality.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

/// Draws a face with sharp edges: head, eyes, brows, nose and mouth.
cv::Mat draw_face() {
    cv::Mat crop(crop_side, crop_side, CV_8UC3, cv::Scalar(70, 60, 50));
    cv::ellipse(crop, {80, 84}, {56, 74}, 0, 0, 360, {150, 170, 205}, cv::FILLED, cv::LINE_AA);
    for (const int x : {57, 103}) {
        cv::ellipse(crop, {x, 66}, {12, 6}, 0, 0, 360, {235, 235, 235}, cv::FILLED, cv::LINE_AA);
        cv::circle(crop, {x, 66}, 5, {30, 25, 20}, cv::FILLED, cv::LINE_AA);
        cv::line(crop, {x - 14, 52}, {x + 14, 50}, {40, 40, 45}, 4, cv::LINE_AA);
    }
    cv::line(crop, {80, 68}, {74, 98}, {110, 120, 160}, 3, cv::LINE_AA);
    cv::ellipse(crop, {80, 122}, {22, 7}, 0, 0, 360, {80, 70, 150}, cv::FILLED, cv::LINE_AA);
    return crop;
}

Detection frontal_face(float eye_distance = 60) {
    Detection face;
    face.box = {0, 0, eye_distance * 2, eye_distance * 2.6F};
    face.landmarks = {{{0, 0},
                       {eye_distance, 0},
                       {eye_distance / 2, eye_distance * 0.6F},
                       {0, eye_distance},
                       {eye_distance, eye_distance}}};
    face.score = 1;
    return face;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_large_sharp_frontal_face_with_a_high_detector_score_has_high_quality) {
    const Quality quality = assess(test::image_of(draw_face()), frontal_face());
    BOOST_TEST(quality.overall > 0.9F);
    BOOST_TEST(quality.overall <= 1.0F);
    BOOST_TEST(quality.eye_distance == 60);
    BOOST_TEST(quality.detector == 1);
    BOOST_TEST(std::abs(quality.yaw) < 0.01F);
}

BOOST_AUTO_TEST_CASE(sharpness_and_quality_decrease_with_blur) {
    float before = assess(test::image_of(draw_face()), frontal_face()).overall;
    float sharpness = assess(test::image_of(draw_face()), frontal_face()).sharpness;
    for (const double sigma : {2.0, 4.0, 8.0}) {
        cv::Mat blurred;
        cv::GaussianBlur(draw_face(), blurred, {}, sigma);
        const Quality quality = assess(test::image_of(blurred), frontal_face());
        BOOST_TEST(quality.sharpness < sharpness);
        BOOST_TEST(quality.overall <= before);
        sharpness = quality.sharpness;
        before = quality.overall;
    }
    BOOST_TEST(before < 0.75F);
}

BOOST_AUTO_TEST_CASE(grey_levels_do_not_make_a_heavily_blurred_crop_look_sharp) {
    cv::Mat blurred;
    cv::GaussianBlur(draw_face(), blurred, {}, 16);
    const float sharpness = assess(test::image_of(blurred), frontal_face()).sharpness;
    BOOST_TEST(sharpness < 2);
}

BOOST_AUTO_TEST_CASE(a_crop_enlarged_from_a_small_face_is_less_sharp_than_a_large_face) {
    cv::Mat small;
    cv::resize(draw_face(), small, {20, 20}, 0, 0, cv::INTER_AREA);
    cv::resize(small, small, {crop_side, crop_side}, 0, 0, cv::INTER_LINEAR);
    BOOST_TEST(assess(test::image_of(small), frontal_face()).sharpness <
               assess(test::image_of(draw_face()), frontal_face()).sharpness / 3);
}

BOOST_AUTO_TEST_CASE(sharpness_hardly_depends_on_brightness) {
    cv::Mat dim;
    draw_face().convertTo(dim, -1, 0.7, 5);
    const float bright = assess(test::image_of(draw_face()), frontal_face()).sharpness;
    const float darker = assess(test::image_of(dim), frontal_face()).sharpness;
    BOOST_TEST(darker == bright, boost::test_tools::tolerance(0.15F));
}

BOOST_AUTO_TEST_CASE(the_sign_of_yaw_shows_the_direction_and_a_turned_face_has_lower_quality) {
    Detection left = frontal_face();
    Detection right = frontal_face();
    left.landmarks[2].x = 5;
    right.landmarks[2].x = 55;
    const Image crop = test::image_of(draw_face());
    BOOST_TEST(assess(crop, left).yaw < -0.5F);
    BOOST_TEST(assess(crop, right).yaw > 0.5F);
    BOOST_TEST(assess(crop, right).overall < assess(crop, frontal_face()).overall);
}

BOOST_AUTO_TEST_CASE(roll_does_not_change_yaw) {
    Detection rolled = frontal_face();
    const double angle = 0.5;
    for (Point& point : rolled.landmarks) {
        const auto c = static_cast<float>(std::cos(angle));
        const auto s = static_cast<float>(std::sin(angle));
        point = {c * point.x - s * point.y, s * point.x + c * point.y};
    }
    BOOST_TEST(std::abs(assess(test::image_of(draw_face()), rolled).yaw) < 0.01F);
}

BOOST_AUTO_TEST_CASE(tiny_faces_and_faces_with_a_low_detector_score_have_zero_quality) {
    const Image crop = test::image_of(draw_face());
    BOOST_TEST(assess(crop, frontal_face(5)).overall == 0);
    Detection doubtful = frontal_face();
    doubtful.score = 0.75F;
    BOOST_TEST(assess(crop, doubtful).overall == 0);
}

BOOST_AUTO_TEST_CASE(a_flat_crop_with_all_landmarks_at_one_point_has_zero_quality) {
    Detection odd = frontal_face();
    odd.landmarks.fill({10, 10});
    const Quality quality = assess(test::flat(crop_side, crop_side, {0, 0, 0}), odd);
    BOOST_TEST(quality.overall == 0);
    BOOST_TEST(quality.sharpness == 0);
    BOOST_TEST(quality.yaw == 1);
}

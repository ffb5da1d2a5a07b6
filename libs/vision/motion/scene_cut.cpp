#include "vision/motion/scene_cut.hpp"

#include <opencv2/imgproc.hpp>

namespace facebus::vision {

namespace {

const cv::Size thumbnail(64, 36);

// Minimum correlation of the thumbnails of one scene. Measured: 0.23 or less at eight cuts in two
// films, 0.70 or more between all other frames of six films (people close to the camera, traffic, a
// moving camera).
constexpr double min_correlation = 0.5;
// Frames with a smaller mean difference of grey values are never a cut: in dark or flat scenes,
// correlation measures only noise.
constexpr double min_difference = 6;
// When the light is switched, shapes stay, so the correlation is high, but most of the image
// changes by this many grey levels. Motion changed at most 17 % of a frame by so much.
constexpr double strong_change = 25;
constexpr double strong_part = 0.6;

}  // namespace

bool is_cut(const cv::Mat& before, const cv::Mat& after) {
    cv::Mat a;
    cv::Mat b;
    cv::resize(before, a, thumbnail, 0, 0, cv::INTER_AREA);
    cv::resize(after, b, thumbnail, 0, 0, cv::INTER_AREA);
    cv::Mat difference;
    cv::absdiff(a, b, difference);
    if (cv::mean(difference)[0] < min_difference) return false;
    if (cv::countNonZero(difference > strong_change) > strong_part * thumbnail.area()) return true;
    // For two images of the same size, the normalised template match is their correlation. It is 1
    // if one of them is flat, so cuts to or from black are detected by the test above.
    cv::Mat correlation;
    cv::matchTemplate(a, b, correlation, cv::TM_CCOEFF_NORMED);
    return static_cast<double>(correlation.at<float>(0, 0)) < min_correlation;
}

}  // namespace facebus::vision

// Private to libs/vision: detects scene cuts.
#pragma once

#include <opencv2/core.hpp>

namespace facebus::vision {

/// Returns whether the scene changed abruptly between two grey frames: a cut, or the light was
/// switched on or off. Requires: both frames have the same size.
bool is_cut(const cv::Mat& before, const cv::Mat& after);

}  // namespace facebus::vision

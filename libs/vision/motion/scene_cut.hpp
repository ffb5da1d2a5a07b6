// Private to libs/vision: detects scene cuts.
#pragma once

#include <opencv2/core.hpp>

namespace facebus::vision {

/// Returns whether the scene changed abruptly from one grey frame to the next: at a cut, or when
/// the lights are switched. Requires: both frames have the same size.
bool is_scene_cut(const cv::Mat& before, const cv::Mat& after);

}  // namespace facebus::vision

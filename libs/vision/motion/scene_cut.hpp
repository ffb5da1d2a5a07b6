// Private to libs/vision: whether two frames show different scenes.
#pragma once

#include <opencv2/core.hpp>

namespace facebus::vision {

/// True if the scene changed at once between two grey frames of one size: another picture, or the
/// light was switched.
bool is_cut(const cv::Mat& before, const cv::Mat& after);

}  // namespace facebus::vision

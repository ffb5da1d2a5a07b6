// How good a face is for recognition.
#pragma once

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Measures an aligned crop (crop_side x crop_side) and the detection it came from.
Quality assess(const Image& crop, const Detection& face);

}  // namespace facebus::vision

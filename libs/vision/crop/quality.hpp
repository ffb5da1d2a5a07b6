// Rates how suitable a face is for recognition.
#pragma once

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Measures an aligned crop and the detection it was cut from. Requires: the crop is crop_side x
/// crop_side.
Quality assess(const Image& crop, const Detection& face);

}  // namespace facebus::vision

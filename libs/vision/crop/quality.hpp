// Measures how suitable a face is for recognition.
#pragma once

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Returns the quality of a face, measured on its crop and its detection. Requires: `crop` was cut
/// by align() from `face`.
Quality assess(const Image& crop, const Detection& face);

}  // namespace facebus::vision

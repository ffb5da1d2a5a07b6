// What a face detector finds.
#pragma once

#include "base/image.hpp"

namespace facebus::vision {

/// One face. Coordinates in pixels of the picture that was given to the detector.
struct Detection {
    Box box;
    Landmarks landmarks{};
    float score = 0;  ///< 0..1, the last network's probability
};

}  // namespace facebus::vision

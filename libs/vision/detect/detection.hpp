// Result of a face detector.
#pragma once

#include "base/image.hpp"

namespace facebus::vision {

/// One detected face. Coordinates are in pixels of the image that the detector searched.
struct Detection {
    Box box;
    Landmarks landmarks{};
    float score = 0;  ///< probability that this is a face, from the detector's last network, 0 to 1
};

}  // namespace facebus::vision

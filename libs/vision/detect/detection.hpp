// Result of a face detector.
#pragma once

#include "base/image.hpp"

namespace facebus::vision {

/// One detected face. Coordinates are in pixels of the image that the detector searched.
struct Detection {
    Box box;
    Landmarks landmarks{};
    float score = 0;  ///< 0..1, probability from the detector's last network
};

}  // namespace facebus::vision

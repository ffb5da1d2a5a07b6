// From a detected face to the crop that the embedding network reads.
#pragma once

#include <string_view>

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Names this preprocessing; part of the model id, so embeddings of different crops never meet.
inline constexpr std::string_view crop_id = "box44up3";

/// The face as crop_side x crop_side pixels: the detector's box with the margin that the network
/// was trained with (see align.cpp), stretched to a square, turned upright
/// by the eyes when the head is rolled by more than 15 degrees, parts outside the picture filled
/// with the nearest pixels. Used for enrolment and recognition alike. Precondition: the box has
/// positive width and height.
Image align(const Image& image, const Detection& face);

}  // namespace facebus::vision

// Cuts crops out of images. The crops are the input of the embedding network.
#pragma once

#include <string_view>

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Identifies how align() cuts crops. It is part of the model id, so that embeddings of crops that
/// were cut in different ways are never compared.
inline constexpr std::string_view crop_id = "box44up3";

/// Returns the crop of a face, crop_side x crop_side pixels: the detector's box plus the margin
/// with which the network was trained, moved up a little (see align.cpp) and stretched to a square.
/// If the line between the eyes is tilted by more than 15 degrees, the crop is rotated so that the
/// eyes are level. Parts of the crop outside the image are filled with the nearest pixels.
/// Enrolment and recognition both use this function. Requires: the box has a positive width and
/// height.
Image align(const Image& image, const Detection& face);

}  // namespace facebus::vision

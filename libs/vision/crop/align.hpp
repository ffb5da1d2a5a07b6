// Cuts the crop that the embedding network reads out of an image.
#pragma once

#include <string_view>

#include "vision/detect/detection.hpp"

namespace facebus::vision {

/// Name of this preprocessing. It is part of the model id, so that embeddings of differently cut
/// crops are never compared.
inline constexpr std::string_view crop_id = "box44up3";

/// Returns the face as crop_side x crop_side pixels: the detector's box with the margin that the
/// network was trained with (see align.cpp), stretched to a square. The face is turned upright by
/// the eyes only if the head is rolled by more than 15 degrees. Parts outside the image are filled
/// with the nearest pixels. Enrolment and recognition use the same function. Requires: the box has
/// positive width and height.
Image align(const Image& image, const Detection& face);

}  // namespace facebus::vision

// Private to libs/vision: the golden check, which shows whether an engine computes a network
// correctly.
#pragma once

#include <span>

#include "base/image.hpp"

namespace facebus::vision {

/// Output of a network for the golden image, from a file in the folder models. It was computed by
/// the original network.
struct GoldenOutput {
    std::span<const double> values;
    double minimum_cosine;  ///< for engines that compute with 32-bit floats
};
extern const GoldenOutput golden_facenet;
extern const GoldenOutput golden_sface;

/// Draws the image that models/golden_embedding.json describes, crop_side x crop_side pixels.
Image golden_image();

/// Returns the cosine of the angle between the output of an engine and the golden output. Returns 0
/// if they have different sizes.
double golden_cosine(std::span<const float> output, const GoldenOutput& golden);

}  // namespace facebus::vision

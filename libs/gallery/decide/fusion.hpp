// Fuses the probes of one track into one template.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One face of a track: its embedding and its weight in the fusion.
struct Probe {
    std::string id;
    Embedding embedding{};
    float quality = 0;  ///< Quality::overall

    /// Returns whether the quality is at least `min_quality`.
    [[nodiscard]] bool is_good(float min_quality) const { return quality >= min_quality; }
};

/// Returns the mean of the embeddings, weighted by quality and normalised to length 1. The result
/// is bit-for-bit independent of the order of the probes. Embeddings that cancel out give the zero
/// vector, whose similarity to every sample is 0. Requires: `probes` is not empty.
Embedding fuse(const std::vector<Probe>& probes);

/// Returns the template to search for in the gallery: the good probes of a track fused, or all
/// probes if none is good. Requires: `probes` is not empty.
Embedding track_template(const std::vector<Probe>& probes, float min_quality);

}  // namespace facebus::gallery

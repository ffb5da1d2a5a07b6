// Fuses the probes of a track into one template.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One face of a track: its embedding and quality.
struct Probe {
    std::string id;         ///< unique within the track
    Embedding embedding{};  ///< unit vector
    float quality = 0;      ///< Quality::overall of the crop, 0 to 1; the weight in the fusion

    /// Returns whether the quality is at least `min_quality`.
    [[nodiscard]] bool is_good(float min_quality) const { return quality >= min_quality; }
};

/// Returns the mean of the embeddings, weighted by quality (unweighted if no quality is positive)
/// and normalised to a unit vector. The result is bit-for-bit independent of the order of the
/// probes. If the embeddings cancel out, the result is the zero vector, whose similarity to every
/// sample is 0. Requires: `probes` is not empty.
Embedding fuse(const std::vector<Probe>& probes);

/// Returns the template of a track: its good probes fused, or all its probes if none is good (see
/// Probe::is_good()). Requires: `probes` is not empty.
Embedding track_template(const std::vector<Probe>& probes, float min_quality);

}  // namespace facebus::gallery

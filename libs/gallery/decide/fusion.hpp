// Many faces of one track as one template.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// One face of a track and its weight.
struct Probe {
    std::string id;
    Embedding embedding{};
    float quality = 0;  ///< Quality::overall

    [[nodiscard]] bool good(float min_quality) const { return quality >= min_quality; }
};

/// Returns the probes as one unit vector, by the rule in fusion.cpp. The order of the probes does
/// not change a bit of it. Probes that cancel each other out give the zero vector, which is similar
/// to nobody. Requires: `probes` is not empty.
Embedding fuse(const std::vector<Probe>& probes);

/// Returns what is searched for in the gallery: the good probes of a track fused, or all if none is
/// good. Requires: `probes` is not empty.
Embedding track_template(const std::vector<Probe>& probes, float min_quality);

}  // namespace facebus::gallery

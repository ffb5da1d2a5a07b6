#include "gallery/decide/fusion.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <tuple>

namespace facebus::gallery {
namespace {

/// Returns the quality, or 0 if it is not a positive, finite number.
double weight(const Probe& probe) {
    return probe.quality > 0 && std::isfinite(probe.quality) ? double{probe.quality} : 0.0;
}

}  // namespace

// The embedding of a sharp frontal face is more reliable than that of a blurred one, so embeddings
// are weighted by quality. The mean of unit vectors is not a unit vector, so it is normalised.
Embedding fuse(const std::vector<Probe>& probes) {
    assert(!probes.empty());
    // Floating-point addition is not associative. Workers can receive the probes of a track
    // in different orders but must compute the same template, so add the probes sorted by id.
    std::vector<const Probe*> ordered;
    ordered.reserve(probes.size());
    for (const Probe& probe : probes) ordered.push_back(&probe);
    std::sort(ordered.begin(), ordered.end(), [](const Probe* a, const Probe* b) {
        if (a->id != b->id) return a->id < b->id;
        // Ids should be unique. If they are not, weight and embedding define the order.
        return std::tuple(weight(*a), a->embedding) < std::tuple(weight(*b), b->embedding);
    });
    // If no probe has a positive quality, all probes have the same weight.
    const bool weighted =
        std::any_of(probes.begin(), probes.end(), [](const Probe& p) { return weight(p) > 0; });

    std::array<double, embedding_size> sum{};
    for (const Probe* probe : ordered) {
        const double factor = weighted ? weight(*probe) : 1.0;
        for (std::size_t i = 0; i < sum.size(); ++i) {
            sum[i] += factor * double{probe->embedding[i]};
        }
    }
    // There is no need to divide by the total weight, because the sum is normalised. Opposite
    // probes can cancel out; a zero vector cannot be normalised and stays zero.
    double squares = 0;
    for (const double value : sum) squares += value * value;
    const double norm = squares > 0 ? std::sqrt(squares) : 1.0;
    Embedding fused;
    for (std::size_t i = 0; i < sum.size(); ++i) fused[i] = static_cast<float>(sum[i] / norm);
    return fused;
}

Embedding track_template(const std::vector<Probe>& probes, float min_quality) {
    std::vector<Probe> good;
    std::ranges::copy_if(probes, std::back_inserter(good),
                         [&](const Probe& probe) { return probe.is_good(min_quality); });
    return fuse(good.empty() ? probes : good);
}

}  // namespace facebus::gallery

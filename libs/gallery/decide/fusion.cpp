#include "gallery/decide/fusion.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <tuple>

namespace facebus::gallery {
namespace {

/// Returns the quality, or 0 if it is not a positive number.
double weight(const Probe& probe) {
    return probe.quality > 0 && std::isfinite(probe.quality) ? double{probe.quality} : 0.0;
}

}  // namespace

// A sharp frontal face says more about a person than a blurred one, so each embedding counts in
// proportion to its quality. The mean of unit vectors is shorter than 1 and is normalised again.
Embedding fuse(const std::vector<Probe>& probes) {
    assert(!probes.empty());
    // Floating-point addition is not associative. Workers receive the probes of a track in
    // different orders and must still reach the same template, so the sum runs in the order of the
    // ids.
    std::vector<const Probe*> ordered;
    ordered.reserve(probes.size());
    for (const Probe& probe : probes) ordered.push_back(&probe);
    std::sort(ordered.begin(), ordered.end(), [](const Probe* a, const Probe* b) {
        if (a->id != b->id) return a->id < b->id;
        // Ids are unique. If they are not, this still defines one order.
        return std::tuple(weight(*a), a->embedding) < std::tuple(weight(*b), b->embedding);
    });
    // Without any usable quality all probes count the same.
    const bool weighted =
        std::any_of(probes.begin(), probes.end(), [](const Probe& p) { return weight(p) > 0; });

    std::array<double, embedding_size> sum{};
    for (const Probe* probe : ordered) {
        const double share = weighted ? weight(*probe) : 1.0;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share * double{probe->embedding[i]};
    }
    // Dividing by the total weight would be pointless: normalising cancels it. Opposite probes can
    // add up to zero, which has no direction and stays zero.
    double squares = 0;
    for (const double value : sum) squares += value * value;
    const double length = squares > 0 ? std::sqrt(squares) : 1.0;
    Embedding fused;
    for (std::size_t i = 0; i < sum.size(); ++i) fused[i] = static_cast<float>(sum[i] / length);
    return fused;
}

Embedding track_template(const std::vector<Probe>& probes, float min_quality) {
    std::vector<Probe> good;
    std::ranges::copy_if(probes, std::back_inserter(good),
                         [&](const Probe& probe) { return probe.is_good(min_quality); });
    return fuse(good.empty() ? probes : good);
}

}  // namespace facebus::gallery

#include "gallery/decide/decision.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <iterator>
#include <tuple>
#include <utility>

namespace facebus::gallery {
namespace {

/// A probe's weight: its quality, or nothing where that is no sensible number.
double weight(const Probe& probe) {
    return probe.quality > 0 && std::isfinite(probe.quality) ? double{probe.quality} : 0.0;
}

bool is_good(const Probe& probe, const Policy& policy) {
    return probe.quality >= policy.min_quality;
}

double probability(const Policy& policy, float similarity, std::size_t subjects) {
    const double prior = std::log(static_cast<double>(std::max<std::size_t>(subjects, 1)));
    return 1 / (1 + std::exp(-(policy.slope * double{similarity} + policy.offset - prior)));
}

}  // namespace

Embedding fuse(const std::vector<Probe>& probes) {
    assert(!probes.empty());
    std::vector<const Probe*> ordered;
    ordered.reserve(probes.size());
    for (const Probe& probe : probes) ordered.push_back(&probe);
    std::sort(ordered.begin(), ordered.end(), [](const Probe* a, const Probe* b) {
        if (a->id != b->id) return a->id < b->id;
        // Ids are unique; should they not be, this still gives one order.
        return std::tuple(weight(*a), a->embedding) < std::tuple(weight(*b), b->embedding);
    });
    const bool weighted =
        std::any_of(probes.begin(), probes.end(), [](const Probe& p) { return weight(p) > 0; });

    std::array<double, embedding_size> sum{};
    for (const Probe* probe : ordered) {
        const double share = weighted ? weight(*probe) : 1.0;
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += share * double{probe->embedding[i]};
    }
    double squares = 0;
    for (const double value : sum) squares += value * value;
    const double length = squares > 0 ? std::sqrt(squares) : 1.0;
    Embedding fused;
    for (std::size_t i = 0; i < sum.size(); ++i) fused[i] = static_cast<float>(sum[i] / length);
    return fused;
}

float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes) {
    const auto tenfolds = std::log10(static_cast<float>(std::max<std::size_t>(subjects, 10)) / 10);
    const bool soon = good_probes < static_cast<std::size_t>(policy.min_probes);
    return policy.threshold + policy.growth * tenfolds + (soon ? policy.early : 0);
}

bool leads(const Match& match, float margin) {
    return !match.runner_up || match.best->similarity - match.runner_up->similarity >= margin;
}

Embedding track_template(const std::vector<Probe>& probes, const Policy& policy) {
    std::vector<Probe> good;
    std::ranges::copy_if(probes, std::back_inserter(good),
                         [&](const Probe& probe) { return is_good(probe, policy); });
    return fuse(good.empty() ? probes : good);
}

Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy) {
    Decision decision;
    decision.good_probes = static_cast<std::size_t>(
        std::ranges::count_if(probes, [&](const Probe& probe) { return is_good(probe, policy); }));
    decision.match = std::move(match);
    decision.threshold = effective_threshold(policy, subjects, decision.good_probes);

    const auto& [best, runner_up] = decision.match;
    if (best) {
        decision.margin = best->similarity - (runner_up ? runner_up->similarity : 0);
        decision.probability = probability(policy, best->similarity, subjects);
    }
    if (decision.good_probes > 0 && best && best->similarity >= decision.threshold &&
        leads(decision.match, policy.margin)) {
        decision.verdict = Verdict::known;
    } else if (decision.good_probes == 0 ||
               decision.good_probes < static_cast<std::size_t>(policy.min_probes)) {
        decision.verdict = Verdict::undecided;
    } else {
        decision.verdict = Verdict::unknown;
    }
    // Who would be `known` as soon as min_probes faces are seen is not told of as `undecided` now.
    const auto seen_well = static_cast<std::size_t>(policy.min_probes);
    decision.ignored = decision.good_probes > 0 && best && best->ignored &&
                       best->similarity >= effective_threshold(policy, subjects, seen_well) &&
                       leads(decision.match, policy.margin);
    return decision;
}

Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy) {
    if (probes.empty()) return {};
    return decide(probes, snapshot.match(track_template(probes, policy)), snapshot.subjects(),
                  policy);
}

}  // namespace facebus::gallery

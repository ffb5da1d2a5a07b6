#include "gallery/decide/decision.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace facebus::gallery {
namespace {

/// Returns the probability that the best match is correct. The policy's logistic function assumes a
/// single subject. With N subjects an impostor has N chances to resemble somebody, so the odds of
/// an impostor are N times as high. Therefore, ln(N) is subtracted from the log-odds of a correct
/// match.
double probability(const Policy& policy, float similarity, std::size_t subjects) {
    const double prior = std::log(static_cast<double>(std::max<std::size_t>(subjects, 1)));
    return 1 / (1 + std::exp(-(policy.slope * double{similarity} + policy.offset - prior)));
}

}  // namespace

float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes) {
    // The more subjects, the higher the best similarity that an impostor reaches by chance. Above
    // ten subjects, the threshold therefore grows with the logarithm of their number, which keeps
    // the FPIR roughly constant until the next calibration.
    const auto decades = std::log10(static_cast<float>(std::max<std::size_t>(subjects, 10)) / 10);
    // A template of few faces is a noisy estimate of a person. Require a higher similarity until
    // the track has min_probes good faces.
    const bool early = good_probes < static_cast<std::size_t>(policy.min_probes);
    return policy.threshold + policy.growth * decades + (early ? policy.early : 0);
}

bool clears_margin(const Match& match, float margin) {
    return !match.runner_up || match.best->similarity - match.runner_up->similarity >= margin;
}

Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy) {
    Decision decision;
    decision.good_probes = static_cast<std::size_t>(std::ranges::count_if(
        probes, [&](const Probe& probe) { return probe.is_good(policy.min_quality); }));
    decision.match = std::move(match);
    decision.threshold = effective_threshold(policy, subjects, decision.good_probes);

    const auto& [best, runner_up] = decision.match;
    // Margin and probability are reported for every verdict, so that users can see how close the
    // decision was.
    if (best) {
        decision.margin = best->similarity - (runner_up ? runner_up->similarity : 0);
        decision.probability = probability(policy, best->similarity, subjects);
    }
    // `known` requires a good face, a similarity at the threshold or above, and the margin over the
    // runner-up. Otherwise, the track is `unknown` if it has min_probes good faces, and `undecided`
    // until then.
    if (decision.good_probes > 0 && best && best->similarity >= decision.threshold &&
        clears_margin(decision.match, policy.margin)) {
        decision.verdict = Verdict::known;
    } else if (decision.good_probes == 0 ||
               decision.good_probes < static_cast<std::size_t>(policy.min_probes)) {
        decision.verdict = Verdict::undecided;
    } else {
        decision.verdict = Verdict::unknown;
    }
    // The track of an ignored subject must not be published as `undecided` while the higher early
    // threshold applies. Therefore, compare with the threshold that applies after min_probes good
    // faces.
    const auto seen_well = static_cast<std::size_t>(policy.min_probes);
    decision.ignored = decision.good_probes > 0 && best && best->ignored &&
                       best->similarity >= effective_threshold(policy, subjects, seen_well) &&
                       clears_margin(decision.match, policy.margin);
    return decision;
}

Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy) {
    if (probes.empty()) return {};
    return decide(probes, snapshot.match(track_template(probes, policy.min_quality)),
                  snapshot.subjects(), policy);
}

}  // namespace facebus::gallery

#include "gallery/decide/decision.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace facebus::gallery {
namespace {

/// Minimum quality of a face that counts towards `unknown`. On LFW, poorer faces miss the enrolled
/// person about half of the time, three times as often as typical faces; see docs/accuracy.md.
constexpr float clear_quality = 0.6F;

/// Returns the probability that the best match is correct. The policy's logistic function assumes a
/// single subject. With N subjects an impostor has N chances to resemble somebody, so the odds of
/// an impostor are N times as high. Therefore, ln(N) is subtracted from the log-odds of a correct
/// match.
double probability(const Policy& policy, float score, std::size_t subjects) {
    const double prior = std::log(static_cast<double>(std::max<std::size_t>(subjects, 1)));
    return 1 / (1 + std::exp(-(policy.slope * double{score} + policy.offset - prior)));
}

}  // namespace

float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes) {
    // The more subjects, the higher the best score that an impostor reaches by chance. Above
    // ten subjects, the threshold therefore grows with the logarithm of their number, which keeps
    // the FPIR roughly constant until the next calibration.
    const auto decades = std::log10(static_cast<float>(std::max<std::size_t>(subjects, 10)) / 10);
    // A template of few faces is a noisy estimate of a person. Require a higher score until
    // the track has min_probes good faces.
    const bool early = good_probes < static_cast<std::size_t>(policy.min_probes);
    const auto counted = std::clamp<std::size_t>(good_probes, 1, policy.by_probes.size());
    return policy.threshold + policy.growth * decades + (early ? policy.early : 0) +
           policy.by_probes[counted - 1];
}

bool clears_margin(const Match& match, float margin) {
    return !match.runner_up || match.best->score - match.runner_up->score >= margin;
}

Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy) {
    Decision decision;
    decision.good_probes = static_cast<std::size_t>(std::ranges::count_if(
        probes, [&](const Probe& probe) { return probe.is_good(policy.min_quality); }));
    decision.clear_probes =
        static_cast<std::size_t>(std::ranges::count_if(probes, [&](auto& probe) {
            return probe.is_good(std::max(policy.min_quality, clear_quality));
        }));
    decision.match = std::move(match);
    decision.threshold = effective_threshold(policy, subjects, decision.good_probes);

    const auto& [best, runner_up] = decision.match;
    // Margin and probability are reported for every verdict, so that users can see how close the
    // decision was.
    if (best) {
        decision.margin = best->score - (runner_up ? runner_up->score : 0);
        decision.probability = probability(policy, best->score, subjects);
    }
    // `known` requires a good face, a score at the threshold or above, and the margin over the
    // runner-up. Without the margin, the track shows one of the two, so it is `undecided`, not
    // `unknown`. Below the threshold, the track is `unknown` if it has min_probes clear faces, and
    // `undecided` until then.
    const bool clears = best && clears_margin(decision.match, policy.margin);
    if (decision.good_probes > 0 && best && best->score >= decision.threshold) {
        decision.verdict = clears ? Verdict::known : Verdict::undecided;
        decision.ambiguous = !clears;
    } else if (decision.clear_probes < static_cast<std::size_t>(policy.min_probes)) {
        decision.verdict = Verdict::undecided;
    } else {
        decision.verdict = Verdict::unknown;
    }
    // The track of an ignored subject must not be published as `undecided` while a higher threshold
    // applies than after min_probes good faces. Therefore, compare with the lower of the two. If
    // the match is ambiguous, the track is ignored if both subjects are.
    const auto seen_well = static_cast<std::size_t>(policy.min_probes);
    decision.ignored = decision.good_probes > 0 && best && best->ignored &&
                       best->score >= std::min(decision.threshold,
                                               effective_threshold(policy, subjects, seen_well)) &&
                       (clears || runner_up->ignored);
    return decision;
}

Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy) {
    if (probes.empty()) return {};
    return decide(probes, snapshot.match(track_template(probes, policy.min_quality)),
                  snapshot.subjects(), policy);
}

}  // namespace facebus::gallery

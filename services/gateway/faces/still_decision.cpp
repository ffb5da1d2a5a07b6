#include "gateway/faces/still_decision.hpp"

#include <fmt/format.h>

namespace facebus::gateway {

using gallery::Verdict;

StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy) {
    const auto decision = gallery::decide({probe}, gallery::to_match(best), subjects, policy);
    StillDecision still{.verdict = decision.verdict,
                        .reason = {},
                        .threshold = decision.threshold,
                        .similarity = best.empty() ? 0 : best.front().similarity,
                        .margin = decision.margin,
                        .probability = decision.probability,
                        .ignored = decision.ignored};
    if (still.ignored) {
        still.verdict = Verdict::undecided;
        still.reason = "the person is ignored";
        return still;
    }
    if (still.verdict == Verdict::known) return still;
    if (decision.good_probes == 0) {
        still.verdict = Verdict::undecided;
        still.reason = fmt::format("the face quality is below {:.2f}; send a better image",
                                   policy.min_quality);
        return still;
    }
    if (best.empty()) {
        still.verdict = Verdict::unknown;
        still.reason = "the gallery contains no face to compare with";
        return still;
    }
    // With min_probes good probes, the threshold is lower. If the similarity is below even that
    // threshold, further images with the same similarity cannot make the face known.
    const auto lowest =
        gallery::effective_threshold(policy, subjects, static_cast<std::size_t>(policy.min_probes));
    if (still.similarity < lowest) {
        still.verdict = Verdict::unknown;
        still.reason = fmt::format("no subject has a similarity of at least {:.3f}", lowest);
    } else if (still.similarity < still.threshold) {
        still.verdict = Verdict::undecided;
        still.reason = fmt::format(
            "the similarity is below {:.3f}, the threshold for a single image ({:.3f} "
            "with several images)",
            still.threshold, lowest);
    } else {
        still.verdict = Verdict::undecided;
        still.reason = fmt::format("the margin over the runner-up is below {:.3f}", policy.margin);
    }
    return still;
}

}  // namespace facebus::gateway

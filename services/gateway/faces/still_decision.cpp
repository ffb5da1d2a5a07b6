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
        still.reason = "the person is not to be reported";
        return still;
    }
    if (still.verdict == Verdict::known) return still;
    if (decision.good_probes == 0) {
        still.verdict = Verdict::undecided;
        still.reason =
            fmt::format("the face does not reach the quality {:.2f}: send a better picture",
                        policy.min_quality);
        return still;
    }
    if (best.empty()) {
        still.verdict = Verdict::unknown;
        still.reason = "the gallery is empty";
        return still;
    }
    // What it would take with as many faces as a track is to have.
    const auto least =
        gallery::effective_threshold(policy, subjects, static_cast<std::size_t>(policy.min_probes));
    if (still.similarity < least) {
        still.verdict = Verdict::unknown;
        still.reason = fmt::format("nobody is as similar as {:.3f}", least);
    } else if (still.similarity < still.threshold) {
        still.verdict = Verdict::undecided;
        still.reason =
            fmt::format("one picture takes a similarity of {:.3f}, several would take {:.3f}",
                        still.threshold, least);
    } else {
        still.verdict = Verdict::undecided;
        still.reason = fmt::format("the lead over the runner-up is below {:.3f}", policy.margin);
    }
    return still;
}

}  // namespace facebus::gateway

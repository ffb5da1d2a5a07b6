#include "gateway/faces/still_decision.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace facebus::gateway {

using gallery::Verdict;

StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy) {
    const auto decision = gallery::decide({probe}, gallery::to_match(best), subjects, policy);
    StillDecision still{.verdict = decision.verdict,
                        .reason = {},
                        .score_threshold = decision.threshold,
                        .score_margin = decision.margin,
                        .probability = decision.probability,
                        .ignored = decision.ignored};
    if (!best.empty()) {
        still.score = best.front().score;
        still.similarity = best.front().similarity;
        still.threshold = still.similarity + still.score_threshold - still.score;
        still.margin = still.similarity - (best.size() > 1 ? best[1].similarity : 0);
    }
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
    // An ambiguous face is judged below, also if it is not clear.
    if (decision.clear_probes == 0 && !decision.ambiguous) {
        still.verdict = Verdict::undecided;
        still.reason =
            "the face is too blurred, too small or too far turned to exclude that the "
            "person is enrolled; send a better image";
        return still;
    }
    if (best.empty()) {
        still.verdict = Verdict::unknown;
        still.reason = "the gallery contains no face to compare with";
        return still;
    }
    // With min_probes good probes, the threshold can be lower. If the score is below even that
    // threshold, further images with the same score cannot make the face known.
    const auto lowest = std::min(
        still.score_threshold, gallery::effective_threshold(
                                   policy, subjects, static_cast<std::size_t>(policy.min_probes)));
    if (still.score < lowest) {
        still.verdict = Verdict::unknown;
        still.reason = fmt::format("no subject has a score of at least {:.3f}", lowest);
    } else if (still.score < still.score_threshold) {
        still.verdict = Verdict::undecided;
        still.reason = fmt::format(
            "the score is below {:.3f}, the threshold for a single image ({:.3f} "
            "with several images)",
            still.score_threshold, lowest);
    } else {
        still.verdict = Verdict::undecided;
        still.reason =
            fmt::format("ambiguous: the margin over the runner-up is below {:.3f}", policy.margin);
        // Do not expose an ignored subject.
        if (!best[0].ignored && !best[1].ignored) {
            still.reason +=
                fmt::format("; the face resembles \"{}\" and \"{}\"", best[0].name, best[1].name);
        }
    }
    return still;
}

}  // namespace facebus::gateway

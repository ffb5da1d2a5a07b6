// Decision on a single image.
#pragma once

#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"

namespace facebus::gateway {

struct StillDecision {
    gallery::Verdict verdict = gallery::Verdict::undecided;
    std::string reason;      ///< why the verdict is not `known`; else empty
    float threshold = 0;     ///< similarity required for `known`
    float similarity = 0;    ///< of the best candidate, 0 if there is none
    float margin = 0;        ///< of the best candidate over the runner-up
    double probability = 0;  ///< that the face belongs to the best candidate
    bool ignored = false;    ///< the best candidate is an ignored subject, hence `undecided`
};

/// Decides on a face for which no second image will arrive. `known` requires the same similarity
/// as the first good face of a track, so the FPIR does not rise. The verdict is `unknown` if no
/// number of further images could make the face known, and `undecided` if another image could or
/// if the quality is too low. `best` holds the most similar subjects, best first, at least two if
/// the gallery has two.
StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy);

}  // namespace facebus::gateway

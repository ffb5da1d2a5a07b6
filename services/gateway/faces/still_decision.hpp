// Who is it, from one picture.
#pragma once

#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"

namespace facebus::gateway {

struct StillDecision {
    gallery::Verdict verdict = gallery::Verdict::undecided;
    std::string reason;      ///< why not `known`
    float threshold = 0;     ///< similarity that `known` took
    float similarity = 0;    ///< of the best candidate, 0 if there is none
    float margin = 0;        ///< its lead over the next
    double probability = 0;  ///< that it is the best candidate
    bool ignored = false;    ///< the best candidate is not to be reported, hence `undecided`
};

/// Decides on a face of which there will be no second picture. `known` takes what the first good
/// face of a track takes, so that no more strangers are named. Who is not like anybody enough for
/// any number of pictures is `unknown`; where another picture could make a face known, and where
/// the face is poor, it is `undecided`. `best`: the subjects most like it, best first, at least two
/// if there are so many.
StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy);

}  // namespace facebus::gateway

// Decides whether the face in a single image belongs to an enrolled person.
#pragma once

#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"

namespace facebus::gateway {

/// Decision about a face in a single image.
struct StillDecision {
    gallery::Verdict verdict = gallery::Verdict::undecided;
    std::string reason;      ///< reason for a verdict other than `known`; empty if `known`
    float threshold = 0;     ///< similarity that `known` requires
    float similarity = 0;    ///< similarity to the best candidate; 0 if there is no candidate
    float margin = 0;        ///< like gallery::Decision::margin
    double probability = 0;  ///< probability that the face belongs to the best candidate
    bool ignored = false;    ///< see gallery::Decision; if true, the verdict is `undecided`
};

/// Returns the decision about a face that is seen in only one image. The verdict is `undecided` if
/// the person is ignored or the quality is below `policy.min_quality`. Otherwise the verdict is
/// - `known` under the same conditions as for a track with one good face,
/// - `unknown` if there is no candidate, or if the similarity is below the threshold for
///   `policy.min_probes` good faces,
/// - `undecided` in all other cases.
///
/// `best` contains the candidates, the most similar one first, and `subjects` is the number of
/// subjects in the gallery. Requires: `best` contains the two most similar subjects, or all
/// subjects if the gallery has fewer than two.
StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy);

}  // namespace facebus::gateway

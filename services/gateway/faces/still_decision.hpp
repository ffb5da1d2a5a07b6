// Decides whether the face in a single image belongs to an enrolled person.
#pragma once

#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"

namespace facebus::gateway {

/// Decision about a face in a single image.
struct StillDecision {
    gallery::Verdict verdict = gallery::Verdict::undecided;
    std::string reason;         ///< reason for a verdict other than `known`; empty if `known`
    float score = 0;            ///< score with the best candidate; 0 if there is no candidate
    float score_threshold = 0;  ///< score that `known` requires
    float score_margin = 0;     ///< like gallery::Decision::margin
    float similarity = 0;       ///< similarity to the best candidate; 0 if there is no candidate
    float threshold = 0;        ///< similarity at which `score` would reach `score_threshold`
    float margin = 0;           ///< similarity minus that of the second candidate, or of 0
    double probability = 0;     ///< probability that the face belongs to the best candidate
    bool ignored = false;       ///< see gallery::Decision; if true, the verdict is `undecided`
};

/// Returns the decision about a face that is seen in only one image. The verdict is `undecided` if
/// the person is ignored or the quality is below `policy.min_quality`, or if the person is not
/// recognised and the face is not clear (see gallery::Decision). Otherwise the verdict is
/// - `known` under the same conditions as for a track with one good face,
/// - `unknown` if there is no candidate, or if the score is below the threshold for one good face
///   and below that for `policy.min_probes` good faces,
/// - `undecided` in all other cases.
///
/// `best` contains the candidates, the one with the highest score first, and `subjects` is the
/// number of subjects in the gallery. Requires: `best` contains the two best subjects, or all
/// subjects if the gallery has fewer than two.
StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy);

}  // namespace facebus::gateway

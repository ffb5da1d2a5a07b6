// Decides whether the face in a single image belongs to an enrolled person.
#pragma once

#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"

namespace facebus::gateway {

/// Decision on a face in a single image.
struct StillDecision {
    gallery::Verdict verdict = gallery::Verdict::undecided;
    std::string reason;      ///< reason for a verdict other than `known`; empty if `known`
    float threshold = 0;     ///< similarity that `known` requires
    float similarity = 0;    ///< similarity to the best candidate; 0 if there is no candidate
    float margin = 0;        ///< similarity to the best candidate minus that to the runner-up
    double probability = 0;  ///< probability that the face belongs to the best candidate
    bool ignored = false;    ///< see gallery::Decision; if true, the verdict is `undecided`
};

/// Decides on a face that is seen in only one image. `known` requires the same similarity as for
/// the first good face of a track, so the FPIR is not higher than for tracks. The verdict is
/// `unknown` if the face could not become known however many further images were sent. It is
/// `undecided` if further images could help, if the quality is too low, or if the person is
/// ignored. `best` contains the most similar subjects, the most similar one first. Requires: `best`
/// has at least two entries if the gallery has at least two subjects. `subjects` is the number of
/// subjects in the gallery.
StillDecision decide_still(const gallery::Probe& probe, const std::vector<gallery::Candidate>& best,
                           std::size_t subjects, const gallery::Policy& policy);

}  // namespace facebus::gateway

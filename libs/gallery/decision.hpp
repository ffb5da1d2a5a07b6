// Who is it: an open-set decision that explains itself.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"
#include "gallery/snapshot.hpp"

namespace facebus::gallery {

/// When a face counts as somebody's. Stored with the gallery.
struct Policy {
    float threshold = 0.5F;  ///< least cosine similarity of the template to the subject
    float margin = 0.06F;    ///< least lead over the best other subject, where there is one
    float min_quality =
        0.3F;           ///< below this overall quality of all probes the answer is `undecided`
    double slope = 20;  ///< probability = 1 / (1 + exp(-(slope * similarity + offset)))
    double offset = -8;
};

/// One face of a track with what it weighs.
struct Probe {
    std::string id;
    Embedding embedding{};
    float quality = 0;  ///< Quality::overall
};

/// The probes of a track as one unit vector: their mean weighted by quality (the plain mean where
/// all qualities are 0), summed in the order of their ids so that the result does not depend on the
/// order of arrival, to the last bit. Probes that cancel each other out give the zero vector, which
/// is like nobody. Precondition: not empty.
Embedding fuse(std::vector<Probe> probes);

enum class Verdict {
    known,
    unknown,    ///< a stranger: seen well enough, and nobody in the gallery
    undecided,  ///< nothing good enough was seen
};

struct Decision {
    Verdict verdict = Verdict::undecided;
    Match match;             ///< the best subject and the runner-up, whatever the verdict
    double probability = 0;  ///< that the template and the best subject are one person, 0..1
    float margin =
        0;  ///< match.best.similarity minus the runner-up's (minus 0 where there is none)
};

/// Decides on a track's probes. Probes below the policy's quality are used only where no better
/// are, and then the verdict is `undecided`, however similar they are; so it is without probes.
/// Else it is `known` if the best subject reaches the threshold and leads by the margin (with one
/// subject in the gallery there is nobody to lead over, and the threshold alone decides), and
/// `unknown` if not.
Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy);

}  // namespace facebus::gallery

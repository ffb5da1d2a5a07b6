// The open-set decision: whether a track shows an enrolled subject or an unknown person, and which
// subject it shows.
#pragma once

#include <vector>

#include "base/option.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// Parameters of the decision. A track with a good face is `known` if its similarity to the best
/// subject reaches the effective threshold and exceeds its similarity to all other subjects by at
/// least the margin. calibrate() sets threshold, slope and offset for a gallery. Their defaults are
/// averages over calibrations of galleries from LFW. See docs/decisions/0003-open-set-decision.md.
///
/// The probability that the track shows the best subject is
/// 1 / (1 + exp(-(slope * similarity + offset - ln(subjects)))). It assumes that half of the people
/// who appear are enrolled.
struct Policy {
    float threshold = 0.52F;   ///< minimum cosine similarity in a gallery of up to ten subjects
    float growth = 0.09F;      ///< added to the threshold for each factor of ten above ten subjects
    float early = 0.08F;       ///< added to the threshold until min_probes good faces are seen
    int min_probes = 2;        ///< number of good faces required for `unknown`
    float margin = 0.05F;      ///< margin over the runner-up required for `known`
    float min_quality = 0.2F;  ///< minimum overall quality of a good face, 0 to 1
    double slope = 47;         ///< slope of the probability; see above
    double offset = -23.5;     ///< offset of the probability; see above

    /// Configuration keys. The other members are set by calibrate() or keep their defaults.
    static void keys(auto& self, auto&& key) {
        key("early", self.early, Range{0, 1},
            "added to the threshold until min_probes good faces have been seen");
        key("min_probes", self.min_probes, Range{1, 64},
            "good faces required before a person is reported as unknown");
        key("margin", self.margin, Range{0, 2}, "margin over the runner-up required for `known`");
        key("min_quality", self.min_quality, Range{0, 1},
            "minimum overall quality of a good face, 0 to 1");
    }
};

/// Returns the similarity required for `known`, given the number of subjects in the gallery and the
/// number of good probes in the track.
float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes);

/// Returns whether the similarity of the best subject exceeds that of the runner-up by at least
/// `margin`. Returns true if there is no runner-up. Requires: `match.best` is set.
bool clears_margin(const Match& match, float margin);

enum class Verdict {
    known,      ///< the track shows the best subject of the gallery
    unknown,    ///< the track shows a person who is not enrolled
    undecided,  ///< too few good faces so far for `known` or `unknown`
};

/// A verdict and the values that led to it.
struct Decision {
    Verdict verdict = Verdict::undecided;
    Match match;                  ///< best subject and runner-up, for every verdict
    double probability = 0;       ///< probability that the track shows the best subject, 0 to 1
    std::size_t good_probes = 0;  ///< number of probes with a quality of at least min_quality
    float threshold = 0;          ///< similarity required for `known`; see effective_threshold()
    /// Similarity of the best subject minus that of the runner-up. A missing subject counts as 0.
    float margin = 0;
    /// Whether the track must not be reported, because it shows an ignored subject or would be
    /// identified as one after more faces with the same similarity.
    bool ignored = false;
};

/// Returns the decision about a track. `match` is the result of matching the template of the track
/// with a gallery of `subjects` subjects. The verdict is `known` if there is a good probe, the best
/// subject reaches effective_threshold(), and clears_margin() is true. Otherwise the verdict is
/// `unknown` if there are at least `min_probes` good probes, else `undecided`.
Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy);
/// Fuses the probes into a template, matches the template with the snapshot and returns the
/// decision about the track. Without probes the verdict is `undecided`.
Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy);

}  // namespace facebus::gallery

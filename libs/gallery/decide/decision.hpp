// The open-set decision: which enrolled subject a track shows, or that it shows an unknown person.
#pragma once

#include <vector>

#include "base/option.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// Parameters of the decision. A track is `known` if its similarity to the best subject reaches the
/// effective threshold and exceeds that of every other subject by the margin. calibrate() sets
/// threshold, slope and offset for a gallery. The defaults are averages of such calibrations for
/// galleries from LFW at an FPIR of 1 %. See docs/decisions/0003-open-set-decision.md.
///
/// probability = 1 / (1 + exp(-(slope * similarity + offset - ln(subjects)))), assuming that half
/// of the people who appear are enrolled.
struct Policy {
    float threshold = 0.52F;   ///< minimum cosine similarity in a gallery of up to ten subjects
    float growth = 0.09F;      ///< added per tenfold number of subjects above ten
    float early = 0.08F;       ///< added while fewer than `min_probes` good faces were seen
    int min_probes = 2;        ///< good faces required for `unknown`
    float margin = 0.05F;      ///< minimum margin over the best other subject
    float min_quality = 0.2F;  ///< minimum overall quality of a good face
    double slope = 47;
    double offset = -23.5;

    /// Configuration keys. The other members come from calibrate() or keep their defaults.
    static void keys(auto& self, auto&& key) {
        key("early", self.early, Range{0, 1},
            "added to the threshold while fewer than min_probes good faces were seen");
        key("min_probes", self.min_probes, Range{1, 64},
            "good faces required before a person is reported as unknown");
        key("margin", self.margin, Range{0, 2}, "margin over the runner-up required for `known`");
        key("min_quality", self.min_quality, Range{0, 1},
            "minimum overall quality of a good face, 0 to 1");
    }
};

/// Returns the similarity required for `known` with so many subjects in the gallery and good probes
/// in the track.
float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes);

/// Returns whether the best subject is ahead of the runner-up by at least `margin`. True without a
/// runner-up. Requires: `match.best` is set.
bool clears_margin(const Match& match, float margin);

enum class Verdict {
    known,      ///< the best subject of the gallery
    unknown,    ///< seen well enough, and not in the gallery
    undecided,  ///< not seen well enough, or not often enough yet
};

/// A verdict and the numbers behind it.
struct Decision {
    Verdict verdict = Verdict::undecided;
    Match match;                  ///< best subject and runner-up, for every verdict
    double probability = 0;       ///< that the track shows the best subject, 0 to 1
    std::size_t good_probes = 0;  ///< probes with at least Policy::min_quality
    float threshold = 0;          ///< similarity required for `known`; see effective_threshold()
    float margin = 0;             ///< best similarity minus the runner-up's, or minus 0
    /// Whether the track must not be reported: it shows an ignored subject, or would be decided so
    /// after more faces with the same similarity.
    bool ignored = false;
};

/// Decides on a track from its probes and the match of its template in a gallery of so many
/// subjects. The verdict is `known` if there is a good probe, the best subject reaches
/// effective_threshold(), and clears_margin() holds. Otherwise it is `unknown` if at least
/// `min_probes` good probes were seen, else `undecided`.
Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy);
/// Fuses the probes, matches them with the snapshot and decides. Without probes the verdict is
/// `undecided`.
Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy);

}  // namespace facebus::gallery

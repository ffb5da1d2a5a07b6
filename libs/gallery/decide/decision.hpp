// The open-set decision: whether a track shows an enrolled subject or an unknown person, and which
// subject it shows.
#pragma once

#include <array>
#include <vector>

#include "base/option.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// Parameters of the decision. A track with a good face is `known` if its score with the best
/// subject (see ScoreSpace) reaches the effective threshold and exceeds its score with all other
/// subjects by at least the margin. calibrate() sets all values except min_probes, margin and
/// min_quality for a gallery. The defaults of the others are for cosine similarities, in a gallery
/// of a model without a cohort. See docs/decisions/0003-open-set-decision.md.
///
/// The probability that the track shows the best subject is
/// 1 / (1 + exp(-(slope * score + offset - ln(subjects)))). It assumes that half of the people
/// who appear are enrolled.
struct Policy {
    float threshold = 0.52F;  ///< minimum score in a gallery of up to ten subjects
    float growth = 0.09F;     ///< added to the threshold for each factor of ten above ten subjects
    float early = 0.08F;      ///< added to the threshold until min_probes good faces are seen
    /// Added to the threshold with 1, 2, 3, 4 and at least 5 good faces.
    std::array<float, 5> by_probes{};
    float pair_threshold = 0.6F;  ///< minimum score of two images of the same person
    int min_probes = 2;           ///< number of clear faces required for `unknown`
    float margin = 0.05F;         ///< margin over the runner-up required for `known`
    float min_quality = 0.2F;     ///< minimum overall quality of a good face, 0 to 1
    double slope = 47;            ///< slope of the probability; see above
    double offset = -23.5;        ///< offset of the probability; see above

    /// Configuration keys. The other members are set by calibrate() or keep their defaults.
    static void keys(auto& self, auto&& key) {
        key("min_probes", self.min_probes, Range{1, 64},
            "clear faces (of a quality of at least 0.6) required before a person is reported as "
            "unknown");
        key("margin", self.margin, Range{0, 2},
            "margin over the score of the runner-up required for `known`");
        key("min_quality", self.min_quality, Range{0, 1},
            "minimum overall quality of a good face, 0 to 1");
    }
};

/// Returns the score required for `known`, given the number of subjects in the gallery and the
/// number of good probes in the track.
float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes);

/// Returns whether the score of the best subject exceeds that of the runner-up by at least
/// `margin`. Returns true if there is no runner-up. Requires: `match.best` is set.
bool clears_margin(const Match& match, float margin);

enum class Verdict {
    known,      ///< the track shows the best subject of the gallery
    unknown,    ///< the track shows a person who is not enrolled
    undecided,  ///< too few good faces so far for `known` or `unknown`, or an ambiguous match
};

/// A verdict and the values that led to it.
struct Decision {
    Verdict verdict = Verdict::undecided;
    Match match;                  ///< best subject and runner-up, for every verdict
    double probability = 0;       ///< probability that the track shows the best subject, 0 to 1
    std::size_t good_probes = 0;  ///< number of probes with a quality of at least min_quality
    /// Number of those good probes that are clear: at least as good as a face must be to count
    /// towards `unknown`. Enrolled people are often missed in poorer faces.
    std::size_t clear_probes = 0;
    float threshold = 0;  ///< score required for `known`; see effective_threshold()
    /// Score of the best subject minus that of the runner-up. A missing subject counts as 0.
    float margin = 0;
    /// Whether the best subject would be `known` if the runner-up were not within the margin. The
    /// track shows one of the two, so the verdict is `undecided`, however many probes there are.
    bool ambiguous = false;
    /// Whether the track must not be reported, because it shows an ignored subject or would be
    /// identified as one after more faces with the same score.
    bool ignored = false;
};

/// Returns the decision about a track. `match` is the result of matching the template of the track
/// with a gallery of `subjects` subjects. If there is a good probe and the best subject reaches
/// effective_threshold(), the verdict is `known` if clears_margin() is true, else `undecided`
/// (ambiguous). Otherwise the verdict is `unknown` if there are at least `min_probes` clear probes,
/// else `undecided`.
Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy);
/// Fuses the probes into a template, matches the template with the snapshot and returns the
/// decision about the track. Without probes the verdict is `undecided`.
Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy);

}  // namespace facebus::gallery

// Who is it: an open-set decision that explains itself.
#pragma once

#include <vector>

#include "base/option.hpp"
#include "gallery/decide/fusion.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// When a face counts as somebody's. calibrate() sets threshold, slope and offset for a gallery;
/// the defaults here are what it gives on average for galleries from LFW and one false alarm in a
/// hundred strangers. See docs/decisions/0003-open-set-decision.md.
struct Policy {
    float threshold = 0.52F;  ///< least cosine similarity to the subject, in a gallery of up to ten
    float growth = 0.09F;  ///< added for every tenfold of that: more subjects, more chances to err
    float early = 0.08F;   ///< added while fewer than `min_probes` good faces were seen
    int min_probes = 2;    ///< good faces without which nobody is called a stranger
    float margin = 0.05F;  ///< least lead over the best other subject
    float min_quality = 0.2F;  ///< a face below this overall quality is not a good one
    double slope = 47;         ///< probability = 1 / (1 + exp(-(slope * similarity + offset
    double offset = -23.5;     ///< - ln(subjects)))): as if one who comes were as likely a stranger

    /// What may be set; calibrate() finds the rest.
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

/// The similarity that `known` takes with so many subjects and good faces.
float effective_threshold(const Policy& policy, std::size_t subjects, std::size_t good_probes);

/// Whether the best subject leads over the runner-up by so much; with one subject there is nobody
/// to lead over. Precondition: there is a best one.
bool clears_margin(const Match& match, float margin);

enum class Verdict {
    known,
    unknown,    ///< a stranger: seen well enough, and nobody in the gallery
    undecided,  ///< nothing good enough was seen, or not enough yet
};

struct Decision {
    Verdict verdict = Verdict::undecided;
    Match match;                  ///< the best subject and the runner-up, whatever the verdict
    double probability = 0;       ///< that the track shows the best subject, 0..1
    std::size_t good_probes = 0;  ///< probes that reach the policy's quality
    float threshold = 0;          ///< similarity that `known` took
    float margin = 0;             ///< the best similarity less the runner-up's, or less 0
    /// Whether nobody may be told of the track: it shows an ignored subject, or would with more
    /// faces as alike as these.
    bool ignored = false;
};

/// Decides on a track's probes by what its template matches in a gallery of so many subjects.
/// `known` if there is a good probe and the best subject reaches effective_threshold() and
/// clears_margin() by the margin; else `unknown` if at least `min_probes` good probes were seen;
/// else `undecided`.
Decision decide(const std::vector<Probe>& probes, Match match, std::size_t subjects,
                const Policy& policy);
/// The same with the matching; no probes are `undecided`.
Decision decide(const std::vector<Probe>& probes, const Snapshot& snapshot, const Policy& policy);

}  // namespace facebus::gallery

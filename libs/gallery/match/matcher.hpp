// Exact nearest-subject search over the segments of a gallery.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/match/segment.hpp"

namespace facebus::gallery {

/// A subject found by a search.
struct Candidate {
    std::string subject_id;
    std::string name;
    float similarity = -1;             ///< mean cosine similarity of the averaged samples
    std::vector<std::string> samples;  ///< ids of the averaged samples, the highest score first
    bool ignored = false;              ///< see Subject::ignored
    /// Mean score of the best_k samples with the highest scores, or of all if fewer. This is what
    /// is compared; see ScoreSpace.
    float score = similarity;
};

/// The two subjects with the highest scores. Either is missing if too few subjects have samples.
struct Match {
    std::optional<Candidate> best;       ///< the subject with the highest score
    std::optional<Candidate> runner_up;  ///< the subject with the second highest score
};

/// Maximum number of samples of a subject whose scores are averaged.
inline constexpr std::size_t best_k = 3;

using Segments = std::vector<std::shared_ptr<const Segment>>;

/// Value of the parameter `left_out` of find_best() that omits no row.
inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

/// Returns the `count` subjects with the highest scores for each probe, best first, or all if there
/// are fewer. The result is exact: the same as after comparing the probe with every stored
/// embedding. Subjects with equal scores, and samples of one subject with equal scores, keep their
/// order in the gallery. Omits the row (sample) with the number `left_out`; row numbers continue
/// from one segment to the next. Scans the gallery once per group of up to eight probes and reads
/// 520 bytes per row. Requires: `count` is positive, each probe is a unit vector or zero, and all
/// segments use `space`.
std::vector<std::vector<Candidate>> find_best(const Segments& segments, const ScoreSpace& space,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out = no_row);
/// Returns the two best subjects for each probe; see find_best().
std::vector<Match> find_matches(const Segments& segments, const ScoreSpace& space,
                                std::span<const Embedding> probes, std::size_t left_out = no_row);
/// Returns the first two candidates as best subject and runner-up.
Match to_match(const std::vector<Candidate>& best);

}  // namespace facebus::gallery

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
    float similarity = -1;  ///< mean over the best_k most similar samples, or over all if fewer
    std::vector<std::string> samples;  ///< ids of the averaged samples, most similar first
    bool ignored = false;              ///< see Subject::ignored
};

/// The two most similar subjects. Either is missing if too few subjects have samples.
struct Match {
    std::optional<Candidate> best;       ///< the most similar subject
    std::optional<Candidate> runner_up;  ///< the second most similar subject
};

/// Maximum number of samples of a subject whose similarities are averaged.
inline constexpr std::size_t best_k = 3;

using Segments = std::vector<std::shared_ptr<const Segment>>;

/// Value of the parameter `left_out` of find_best() that omits no row.
inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

/// Returns the `count` most similar subjects for each probe, best first, or all if there are fewer.
/// The result is exact: the same as after comparing the probe with every stored embedding. Subjects
/// with equal similarities, and samples of one subject with equal similarities, keep their order in
/// the gallery. Omits the row (sample) with the number `left_out`; row numbers continue from one
/// segment to the next. Scans the gallery once per group of up to eight probes and reads 516 bytes
/// per row. Requires: `count` is positive, and each probe is a unit vector or zero.
std::vector<std::vector<Candidate>> find_best(const Segments& segments,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out = no_row);
/// Returns the two best subjects for each probe; see find_best().
std::vector<Match> find_matches(const Segments& segments, std::span<const Embedding> probes,
                                std::size_t left_out = no_row);
/// Returns the first two candidates as best subject and runner-up.
Match to_match(const std::vector<Candidate>& best);

}  // namespace facebus::gallery

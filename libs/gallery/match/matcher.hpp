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
    float similarity = -1;  ///< mean of its best_k most similar samples, or of all if fewer
    std::vector<std::string> samples;  ///< ids of those samples, best first
    bool ignored = false;              ///< results never mention this subject
};

/// The two best subjects. Each is missing if the gallery has too few subjects with samples.
struct Match {
    std::optional<Candidate> best;
    std::optional<Candidate> runner_up;  ///< the best other subject
};

/// Number of samples whose similarities are averaged into the score of a subject.
inline constexpr std::size_t best_k = 3;

using Segments = std::vector<std::shared_ptr<const Segment>>;

/// Value of `left_out` that omits no row.
inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

/// Returns the `count` most similar subjects for each probe, best first, or all if there are fewer.
/// The result is the same as comparing the probe with every stored embedding in full. Subjects, and
/// samples of a subject, with equal scores keep their order in the gallery. Omits the row
/// `left_out`, counted through all segments. Reads 512 bytes per row for every eight probes.
/// Requires: `count` is positive and the probes have length 1.
std::vector<std::vector<Candidate>> find_best(const Segments& segments,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out = no_row);
/// Returns the two best subjects for each probe; see find_best().
std::vector<Match> find_matches(const Segments& segments, std::span<const Embedding> probes,
                                std::size_t left_out = no_row);
/// Returns the first two candidates as a match.
Match to_match(const std::vector<Candidate>& best);

}  // namespace facebus::gallery

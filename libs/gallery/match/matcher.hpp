// Who in the gallery is most like a face.
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

/// A subject as an answer.
struct Candidate {
    std::string subject_id;
    std::string name;
    float similarity = -1;             ///< mean of the best `best_k` samples, or of all if fewer
    std::vector<std::string> samples;  ///< ids of the samples that decided, best first
    bool ignored = false;              ///< never to be reported
};

struct Match {
    std::optional<Candidate> best;
    std::optional<Candidate> runner_up;  ///< the best other subject
};

/// Samples whose similarities are averaged into a subject's score.
inline constexpr std::size_t best_k = 3;

using Segments = std::vector<std::shared_ptr<const Segment>>;

/// Stands for no row.
inline constexpr std::size_t no_row = std::numeric_limits<std::size_t>::max();

/// The `count` subjects most like each probe, best first, or all if there are fewer; for each probe
/// in order. Exact: a scan of the rows' high bytes leaves those subjects that could be it by the
/// worst that the low bytes can add, and these are compared in full. Of equal subjects the earlier
/// comes first, of equal samples too. The row in `left_out`, counted through all segments, is
/// passed over. Takes `rows` x 512 bytes of reading for every eight probes. Precondition: count >
/// 0.
std::vector<std::vector<Candidate>> find_best(const Segments& segments,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out = no_row);
/// The two best of each probe.
std::vector<Match> find_matches(const Segments& segments, std::span<const Embedding> probes,
                                std::size_t left_out = no_row);
/// The first two of them.
Match to_match(const std::vector<Candidate>& best);

}  // namespace facebus::gallery

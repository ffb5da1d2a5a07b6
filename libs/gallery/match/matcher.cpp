// A row is the centred embedding of one sample, stored as a high and a low part; see compact.hpp.
// The search has two passes. The first pass scans the high parts of all rows; a high part has a
// quarter of the bytes of a float embedding. The first pass computes similarities with a known
// maximum error and keeps every subject that could be among the best. The second pass compares the
// probe with the complete embeddings of these subjects, which are usually few.
//
// The maximum error: a row r = rh + rl and a probe p = ph + pl each consist of a high and a low
// part. The dot product is r * p, but the first pass computes only rh * ph. The difference is
//   r * p - rh * ph = rl * p + rh * pl.
// By the Cauchy-Schwarz inequality and |p| = 1, the absolute difference is at most
// |rl| + |rh| * |pl|. A segment stores upper bounds of |rl| and |rh| for its rows, and CoarseProbes
// stores |pl|.
//
// The score of a row is the dot product, plus an addend of the row and one of the probe, both of
// which are known exactly (see ScoreSpace), so its error is that of the dot product. The addend of
// the probe is the same for all rows and is added at the end.
//
// The score of a subject is the mean score of its three best rows. The two passes may select
// different rows. Even then, the error of the mean is at most the maximum error of the scores.
#include "gallery/match/matcher.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "gallery/match/compact.hpp"

namespace facebus::gallery {
namespace {

// Added to the maximum error. Covers the rounding of float arithmetic in both passes, and the
// rounding of the probe to 14 bits.
constexpr float rounding = 1e-4F;
// Maximum number of probes per scan. The widest kernel of coarse_products() multiplies each row
// with eight probes.
constexpr std::size_t max_probes = 8;
constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

/// A row and its score.
struct Hit {
    float score = 0;
    std::size_t row = 0;
};

/// The best_k best rows of one subject, best first. Rows with equal scores stay in the
/// order in which they were added.
class BestRows {
  public:
    /// Inserts the hit. If there are then more than best_k hits, drops the last one.
    void add(Hit hit) {
        // Shift worse hits back by one until the position of this hit is free. If that position is
        // beyond the end, drop this hit.
        std::size_t at = count_ < best_k ? count_++ : best_k;
        for (; at > 0 && hits_[at - 1].score < hit.score; --at) {
            if (at < best_k) hits_[at] = hits_[at - 1];
        }
        if (at < best_k) hits_[at] = hit;
    }

    [[nodiscard]] std::span<const Hit> hits() const { return {hits_.data(), count_}; }

    /// Returns the mean score. Requires: there is a hit.
    [[nodiscard]] float score() const {
        float sum = 0;
        for (const Hit& hit : hits()) sum += hit.score;
        return sum / static_cast<float>(count_);
    }

  private:
    std::array<Hit, best_k> hits_{};
    std::size_t count_ = 0;
};

/// A subject that could be among the best, according to the first pass.
struct PossibleSubject {
    const Segment* segment;  ///< segment that contains the subject
    std::size_t subject;     ///< index of the subject in the segment
    std::size_t first;       ///< number of rows in all previous segments
    float upper;             ///< upper bound of the subject's score
};

/// State of the search for one probe: the subjects that could be among the `count` best.
class Search {
  public:
    explicit Search(std::size_t count) : lower_(count, minus_infinity) {}

    /// Adds a subject whose exact score is within `error` of `score`.
    void add(const Segment& segment, std::size_t subject, std::size_t first, float score,
             float error) {
        possible_.push_back({&segment, subject, first, score + error});
        // Insert the lower bound of the score into the sorted list and drop the lowest bound.
        const float lower = score - error;
        std::size_t at = lower_.size();
        for (; at > 0 && lower_[at - 1] < lower; --at) {
            if (at < lower_.size()) lower_[at] = lower_[at - 1];
        }
        if (at < lower_.size()) lower_[at] = lower;
    }

    /// Returns the highest score that at least `count` subjects are known to reach. A subject whose
    /// upper bound is below the cutoff cannot be among the best. The cutoff never falls, so an
    /// excluded subject stays excluded.
    [[nodiscard]] float cutoff() const { return lower_.back(); }

    /// Second pass: computes the exact scores of the remaining subjects from their complete
    /// embeddings and returns the best subjects, best first. `centred` is the centred probe. Omits
    /// the row `left_out`.
    [[nodiscard]] std::vector<Candidate> finish(const Embedding& probe, const Embedding& centred,
                                                const ScoreSpace& space,
                                                std::size_t left_out) const {
        struct Scored {
            const PossibleSubject* subject;
            float score;
            BestRows rows;
        };
        std::vector<Scored> best;
        for (const PossibleSubject& each : possible_) {
            // The cutoff may have risen since this subject was added.
            if (each.upper < cutoff()) continue;
            Scored scored{&each, 0, {}};
            const auto& segment = *each.segment;
            for (auto row = segment.first_row(each.subject); row < segment.end_row(each.subject);
                 ++row) {
                if (each.first + row == left_out) continue;
                scored.rows.add({segment.score(row, centred), row});
            }
            scored.score = scored.rows.score();
            // Subjects are processed in the order of the gallery. Inserting after equal scores
            // keeps that order.
            const auto position =
                std::ranges::upper_bound(best, scored.score, std::greater{}, &Scored::score);
            best.insert(position, scored);
            if (best.size() > lower_.size()) best.pop_back();
        }
        const float offset = space.offset(centred);
        std::vector<Candidate> candidates;
        candidates.reserve(best.size());
        for (const Scored& scored : best) {
            const auto& segment = *scored.subject->segment;
            Candidate candidate{unpack_id(segment.subject_id(scored.subject->subject)),
                                std::string(segment.name(scored.subject->subject)),
                                0,
                                {},
                                segment.ignored(scored.subject->subject)};
            float cosines = 0;
            for (const Hit& hit : scored.rows.hits()) {
                candidate.samples.push_back(segment.sample_id(hit.row));
                cosines += space.has_cohort()
                               ? similarity(space.original(segment.centred(hit.row)), probe)
                               : hit.score;
            }
            // Clamp, because rounding can make the product of two unit vectors slightly exceed 1.
            candidate.similarity =
                std::clamp(cosines / static_cast<float>(candidate.samples.size()), -1.0F, 1.0F);
            candidate.score = space.has_cohort() ? scored.score + offset : candidate.similarity;
            candidates.push_back(std::move(candidate));
        }
        return candidates;
    }

  private:
    std::vector<PossibleSubject> possible_;
    std::vector<float> lower_;  ///< the `count` highest lower bounds of scores, highest first
};

/// First pass over one segment: finds the subjects with a row whose score could reach the cutoff.
/// Nearly all rows are below the cutoff, so the code is optimised for skipping rows.
class CoarseScan {
  public:
    CoarseScan(const Segment& segment, std::size_t first, std::size_t left_out)
        : segment_(segment), first_(first), left_out_(left_out) {}

    /// Adds the subjects that it finds to `search`. `products` contains one product per row (see
    /// coarse_products()), `scale` is the scale of the probe, and `error` is the maximum error of
    /// every score.
    void run(const std::int32_t* products, float scale, float error, Search& search) const {
        constexpr std::size_t block = 64;
        const std::size_t rows = segment_.rows();
        std::array<float, block> scores{};
        for (std::size_t row = 0; row < rows;) {
            // Compute the scores and their maximum.
            const std::size_t count = std::min(block, rows - row);
            float highest = minus_infinity;
            for (std::size_t i = 0; i < count; ++i) {
                scores[i] = score(products, row + i, scale);
            }
            for (std::size_t i = 0; i < count; ++i) highest = std::max(highest, scores[i]);
            // The mean of a subject's rows can reach the cutoff only if one of the rows does. Skip
            // the block if none of its rows does, as in most blocks.
            if (highest + error < search.cutoff()) {
                row += count;
                continue;
            }
            std::size_t next = row + count;
            for (std::size_t i = 0; i < count; ++i) {
                if (scores[i] + error < search.cutoff()) continue;
                const auto subject = segment_.subject_of(row + i);
                add(subject, products, scale, error, search);
                // add() has processed all rows of this subject. Continue with the first row of the
                // next subject, which may be in a later block.
                const auto end = segment_.end_row(subject);
                if (end >= next) {
                    next = end;
                    break;
                }
                i = end - row - 1;
            }
            row = next;
        }
    }

  private:
    /// Returns the approximate score of a row, without the addend of the probe.
    [[nodiscard]] float score(const std::int32_t* products, std::size_t row, float scale) const {
        return static_cast<float>(products[row]) * (segment_.coarse_scale(row) * scale) +
               segment_.offset(row);
    }

    /// Adds the subject to `search` with its approximate score: the mean score of its best_k best
    /// rows, according to the first pass.
    void add(std::size_t subject, const std::int32_t* products, float scale, float error,
             Search& search) const {
        BestRows rows;
        for (auto row = segment_.first_row(subject); row < segment_.end_row(subject); ++row) {
            if (first_ + row == left_out_) continue;
            rows.add({score(products, row, scale), row});
        }
        if (!rows.hits().empty()) search.add(segment_, subject, first_, rows.score(), error);
    }

    const Segment& segment_;
    std::size_t first_;     ///< number of rows in all previous segments
    std::size_t left_out_;  ///< row to omit, numbered across all segments
};

}  // namespace

std::vector<std::vector<Candidate>> find_best(const Segments& segments, const ScoreSpace& space,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out) {
    std::vector<std::vector<Candidate>> best;
    best.reserve(probes.size());
    std::vector<std::int32_t> products;
    while (!probes.empty()) {
        const auto group = probes.first(std::min(max_probes, probes.size()));
        probes = probes.subspan(group.size());
        std::vector<Embedding> centred;
        for (const auto& probe : group) centred.push_back(space.centred(probe));
        const CoarseProbes coarse(centred);
        std::vector<Search> searches(group.size(), Search(count));
        std::size_t first = 0;  // number of rows in all previous segments
        for (const auto& segment : segments) {
            // Use the products of each segment before computing those of the next segment, so that
            // they stay in the cache.
            products.resize(group.size() * segment->rows());
            coarse_products(segment->high(), segment->rows(), coarse, products.data());
            const CoarseScan scan(*segment, first, left_out);
            for (std::size_t p = 0; p < group.size(); ++p) {
                // |rl| + |rh| * |pl|; see the top of this file.
                const float error =
                    segment->coarse_error() + segment->coarse_norm() * coarse.error(p) + rounding;
                scan.run(products.data() + p * segment->rows(), coarse.scale(p), error,
                         searches[p]);
            }
            first += segment->rows();
        }
        for (std::size_t p = 0; p < group.size(); ++p) {
            best.push_back(searches[p].finish(group[p], centred[p], space, left_out));
        }
    }
    return best;
}

std::vector<Match> find_matches(const Segments& segments, const ScoreSpace& space,
                                std::span<const Embedding> probes, std::size_t left_out) {
    std::vector<Match> matches;
    matches.reserve(probes.size());
    for (auto& best : find_best(segments, space, probes, 2, left_out)) {
        matches.push_back(to_match(best));
    }
    return matches;
}

Match to_match(const std::vector<Candidate>& best) {
    Match match;
    if (!best.empty()) match.best = best[0];
    if (best.size() > 1) match.runner_up = best[1];
    return match;
}

}  // namespace facebus::gallery

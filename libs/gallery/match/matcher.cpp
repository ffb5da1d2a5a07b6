#include "gallery/match/matcher.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "gallery/match/compact.hpp"

namespace facebus::gallery {
namespace {

// Of float arithmetic, on both sides of a comparison of similarities.
constexpr float rounding = 1e-4F;
// Probes at once: what a kernel of coarse_products() takes in one pass over the rows.
constexpr std::size_t most_probes = 8;
constexpr float nothing = -std::numeric_limits<float>::infinity();

struct Hit {
    float similarity = 0;
    std::size_t row = 0;
};

/// The best rows of one subject, best first; of equal ones the earlier row stands first.
class BestRows {
  public:
    void add(Hit hit) {
        std::size_t at = count_ < best_k ? count_++ : best_k;
        for (; at > 0 && hits_[at - 1].similarity < hit.similarity; --at) {
            if (at < best_k) hits_[at] = hits_[at - 1];
        }
        if (at < best_k) hits_[at] = hit;
    }

    [[nodiscard]] std::span<const Hit> hits() const { return {hits_.data(), count_}; }

    [[nodiscard]] float score() const {
        float sum = 0;
        for (const Hit& hit : hits()) sum += hit.similarity;
        return sum / static_cast<float>(count_);
    }

  private:
    std::array<Hit, best_k> hits_{};
    std::size_t count_ = 0;
};

/// A subject that could be one of the two.
struct Possible {
    const Segment* segment;
    std::size_t subject;
    std::size_t first;  ///< row of its segment, counted through all segments
    float most;         ///< that its score can be
};

/// What one probe has come to in the rows so far: who could be one of the `count` best.
class Search {
  public:
    explicit Search(std::size_t count) : least_(count, nothing) {}

    /// A subject whose score lies within `error` of `score`.
    void add(const Segment& segment, std::size_t subject, std::size_t first, float score,
             float error) {
        possible_.push_back({&segment, subject, first, score + error});
        const float least = score - error;
        std::size_t at = least_.size();
        for (; at > 0 && least_[at - 1] < least; --at) {
            if (at < least_.size()) least_[at] = least_[at - 1];
        }
        if (at < least_.size()) least_[at] = least;
    }

    /// What `count` subjects reach at least: who can't reach it is none of the best.
    [[nodiscard]] float bar() const { return least_.back(); }

    [[nodiscard]] std::vector<Candidate> finish(const Embedding& probe,
                                                std::size_t left_out) const {
        struct Scored {
            const Possible* who;
            float score;
            BestRows rows;
        };
        std::vector<Scored> best;
        for (const Possible& each : possible_) {
            if (each.most < bar()) continue;
            Scored scored{&each, 0, {}};
            const auto& segment = *each.segment;
            for (auto row = segment.first_row(each.subject); row < segment.end_row(each.subject);
                 ++row) {
                if (each.first + row == left_out) continue;
                scored.rows.add({segment.similarity(row, probe), row});
            }
            scored.score = scored.rows.score();
            // They come in order: of equal scores the first stays ahead.
            const auto place =
                std::ranges::upper_bound(best, scored.score, std::greater{}, &Scored::score);
            best.insert(place, scored);
            if (best.size() > least_.size()) best.pop_back();
        }
        std::vector<Candidate> candidates;
        candidates.reserve(best.size());
        for (const Scored& scored : best) {
            const auto& segment = *scored.who->segment;
            // Rounding may take the product of two unit vectors a bit beyond 1.
            Candidate candidate{unpack_id(segment.subject_id(scored.who->subject)),
                                std::string(segment.name(scored.who->subject)),
                                std::clamp(scored.score, -1.0F, 1.0F),
                                {},
                                segment.ignored(scored.who->subject)};
            for (const Hit& hit : scored.rows.hits()) {
                candidate.samples.push_back(segment.sample_id(hit.row));
            }
            candidates.push_back(std::move(candidate));
        }
        return candidates;
    }

  private:
    std::vector<Possible> possible_;
    std::vector<float> least_;  ///< what the best scores are at least, best first
};

/// Looks through a segment's products for subjects with a row at the bar or above.
class Sieve {
  public:
    Sieve(const Segment& segment, std::size_t first, std::size_t left_out)
        : segment_(segment), first_(first), left_out_(left_out) {}

    void run(const std::int32_t* products, float scale, float error, Search& search) const {
        constexpr std::size_t block = 64;
        const std::size_t rows = segment_.rows();
        std::array<float, block> similarities{};
        for (std::size_t row = 0; row < rows;) {
            const std::size_t count = std::min(block, rows - row);
            float highest = nothing;
            for (std::size_t i = 0; i < count; ++i) {
                similarities[i] =
                    static_cast<float>(products[row + i]) * segment_.coarse_scale(row + i);
            }
            for (std::size_t i = 0; i < count; ++i) highest = std::max(highest, similarities[i]);
            // A mean reaches the bar only if one of its rows does.
            if (highest * scale + error < search.bar()) {
                row += count;
                continue;
            }
            std::size_t next = row + count;
            for (std::size_t i = 0; i < count; ++i) {
                if (similarities[i] * scale + error < search.bar()) continue;
                const auto subject = segment_.subject_of(row + i);
                add(subject, products, scale, error, search);
                // On with the next subject, which may begin in a later block.
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
    void add(std::size_t subject, const std::int32_t* products, float scale, float error,
             Search& search) const {
        BestRows rows;
        for (auto row = segment_.first_row(subject); row < segment_.end_row(subject); ++row) {
            if (first_ + row == left_out_) continue;
            rows.add({static_cast<float>(products[row]) * segment_.coarse_scale(row) * scale, row});
        }
        if (!rows.hits().empty()) search.add(segment_, subject, first_, rows.score(), error);
    }

    const Segment& segment_;
    std::size_t first_;
    std::size_t left_out_;
};

}  // namespace

std::vector<std::vector<Candidate>> find_best(const Segments& segments,
                                              std::span<const Embedding> probes, std::size_t count,
                                              std::size_t left_out) {
    std::vector<std::vector<Candidate>> best;
    best.reserve(probes.size());
    std::vector<std::int32_t> products;
    while (!probes.empty()) {
        const auto group = probes.first(std::min(most_probes, probes.size()));
        probes = probes.subspan(group.size());
        const CoarseProbes coarse(group);
        std::vector<Search> searches(group.size(), Search(count));
        std::size_t first = 0;
        for (const auto& segment : segments) {
            products.resize(group.size() * segment->rows());
            coarse_products(segment->high(), segment->rows(), coarse, products.data());
            const Sieve sieve(*segment, first, left_out);
            for (std::size_t p = 0; p < group.size(); ++p) {
                // By Cauchy and Schwarz: the row's rest with the probe, and the row's high bytes
                // with the probe's rest.
                const float error =
                    segment->coarse_error() + segment->coarse_length() * coarse.error(p) + rounding;
                sieve.run(products.data() + p * segment->rows(), coarse.scale(p), error,
                          searches[p]);
            }
            first += segment->rows();
        }
        for (std::size_t p = 0; p < group.size(); ++p) {
            best.push_back(searches[p].finish(group[p], left_out));
        }
    }
    return best;
}

std::vector<Match> find_matches(const Segments& segments, std::span<const Embedding> probes,
                                std::size_t left_out) {
    std::vector<Match> matches;
    matches.reserve(probes.size());
    for (auto& best : find_best(segments, probes, 2, left_out)) {
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

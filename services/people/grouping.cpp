#include "people/grouping.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

namespace facebus::people {
namespace {

/// Similarity of a pair that must not be joined. Any sum with it is also -infinity, so groups that
/// contain such a pair are never joined either.
constexpr double never = -std::numeric_limits<double>::infinity();

/// Agglomerative clustering with average linkage. At first each track is a group. Stores the sum of
/// the similarities between every two groups, and the nearest group of each, so that a join does
/// not have to compare all pairs of groups again.
class Linkage {
  public:
    explicit Linkage(const std::vector<TrackFace>& tracks)
        : count_(tracks.size()), sums_(count_ * count_, never), members_(count_), nearest_(count_) {
        for (std::size_t i = 0; i < count_; ++i) {
            members_[i] = {i};
            for (std::size_t k = 0; k < i; ++k) {
                if (visible_together(tracks[i], tracks[k])) continue;
                sum(i, k) = sum(k, i) = similarity(tracks[i].face, tracks[k].face);
            }
        }
        for (std::size_t i = 0; i < count_; ++i) find_nearest(i);
    }

    /// Joins the two most similar groups. Returns false if their average similarity is below
    /// `least`.
    bool join_best(double least) {
        std::size_t best = count_;
        double highest = never;
        for (std::size_t i = 0; i < count_; ++i) {
            if (members_[i].empty() || !nearest_[i]) continue;
            if (const double average_similarity = average(i, *nearest_[i]);
                average_similarity > highest) {
                highest = average_similarity;
                best = i;
            }
        }
        if (best == count_ || highest < least) return false;
        join(std::min(best, *nearest_[best]), std::max(best, *nearest_[best]));
        return true;
    }

    /// Returns the groups in order of their first member, each with its members in order.
    std::vector<std::vector<std::size_t>> take() {
        std::erase_if(members_, [](const auto& group) { return group.empty(); });
        for (auto& group : members_) std::ranges::sort(group);
        return std::move(members_);
    }

  private:
    double& sum(std::size_t i, std::size_t k) { return sums_[i * count_ + k]; }

    double average(std::size_t i, std::size_t k) {
        return sum(i, k) / static_cast<double>(members_[i].size() * members_[k].size());
    }

    void find_nearest(std::size_t i) {
        nearest_[i].reset();
        double highest = never;
        for (std::size_t k = 0; k < count_; ++k) {
            if (k == i || members_[k].empty()) continue;
            if (const double average_similarity = average(i, k); average_similarity > highest) {
                highest = average_similarity;
                nearest_[i] = k;
            }
        }
    }

    /// Moves the members of group `from` into group `into`. Requires: `into` < `from`, so that a
    /// group is always found at its first member.
    void join(std::size_t into, std::size_t from) {
        // Sums, unlike averages, can simply be added.
        for (std::size_t k = 0; k < count_; ++k) {
            if (k != into) sum(into, k) = sum(k, into) = sum(into, k) + sum(from, k);
        }
        members_[into].insert(members_[into].end(), members_[from].begin(), members_[from].end());
        members_[from].clear();
        // Only groups whose nearest group took part in the join need a new search. The average to
        // the joined group is never above the higher of the two averages before, so for all other
        // groups the nearest group stays the same.
        for (std::size_t k = 0; k < count_; ++k) {
            if (members_[k].empty()) continue;
            if (k == into || nearest_[k] == into || nearest_[k] == from) find_nearest(k);
        }
    }

    std::size_t count_;
    std::vector<double> sums_;  ///< sum of the similarities of all pairs of two groups
    std::vector<std::vector<std::size_t>> members_;    ///< empty: joined to another group
    std::vector<std::optional<std::size_t>> nearest_;  ///< empty: can't be joined to any group
};

}  // namespace

bool visible_together(const TrackFace& a, const TrackFace& b) {
    return a.video == b.video && std::max(a.from, b.from) <= std::min(a.to, b.to);
}

std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      double least) {
    // Sort by appearance. The last two parts of the key only make the order unambiguous, so that
    // the order of the input does not matter.
    std::vector<std::size_t> order(tracks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t i, std::size_t k) {
        const auto key = [](const TrackFace& t) { return std::tie(t.video, t.from, t.to, t.face); };
        return key(tracks[i]) < key(tracks[k]);
    });
    std::vector<TrackFace> ordered;
    ordered.reserve(tracks.size());
    for (const auto place : order) ordered.push_back(tracks[place]);

    Linkage linkage(ordered);
    while (linkage.join_best(least)) {
    }
    auto groups = linkage.take();
    for (auto& group : groups) {
        for (auto& member : group) member = order[member];
    }
    return groups;
}

}  // namespace facebus::people

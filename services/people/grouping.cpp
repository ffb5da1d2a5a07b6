#include "people/grouping.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "gallery/decide/calibration.hpp"

namespace facebus::people {
namespace {

/// Score of two tracks that must not be in one group. If two groups each contain one track of
/// such a pair, the sum for these groups is also -infinity, so they are never joined.
constexpr double never = -std::numeric_limits<double>::infinity();

/// Agglomerative clustering with average linkage. At first, each track is a group. For every pair
/// of groups, stores the sum of the scores between their tracks, and for every group its most
/// similar group. Joining two groups therefore does not require comparing all pairs again.
class Linkage {
  public:
    Linkage(const std::vector<TrackFace>& tracks, const gallery::ScoreSpace& space)
        : count_(tracks.size()), sums_(count_ * count_, never), members_(count_), nearest_(count_) {
        std::vector<Embedding> centred;
        std::vector<float> offsets;
        for (const auto& track : tracks) {
            centred.push_back(space.centred(track.face));
            offsets.push_back(space.offset(centred.back()));
        }
        for (std::size_t i = 0; i < count_; ++i) {
            members_[i] = {i};
            for (std::size_t k = 0; k < i; ++k) {
                if (visible_together(tracks[i], tracks[k])) continue;
                sum(i, k) = sum(k, i) =
                    double{similarity(centred[i], centred[k]) + offsets[i] + offsets[k]};
            }
        }
        for (std::size_t i = 0; i < count_; ++i) find_nearest(i);
    }

    /// Joins the two groups with the highest average score. Returns false, and joins nothing, if
    /// their average score is below `min_score` or no two groups may be joined.
    bool join_best(double min_score) {
        std::size_t best = count_;
        double highest = never;
        for (std::size_t i = 0; i < count_; ++i) {
            if (members_[i].empty() || !nearest_[i]) continue;
            if (const double average_score = average(i, *nearest_[i]); average_score > highest) {
                highest = average_score;
                best = i;
            }
        }
        if (best == count_ || highest < min_score) return false;
        join(std::min(best, *nearest_[best]), std::max(best, *nearest_[best]));
        return true;
    }

    /// Returns the groups in order of their first members. The members of each group are sorted.
    /// Requires: no other function is called afterwards.
    std::vector<std::vector<std::size_t>> take_groups() {
        std::erase_if(members_, [](const auto& group) { return group.empty(); });
        for (auto& group : members_) std::ranges::sort(group);
        return std::move(members_);
    }

  private:
    double& sum(std::size_t i, std::size_t k) { return sums_[i * count_ + k]; }

    /// Returns the average score between the tracks of two groups.
    double average(std::size_t i, std::size_t k) {
        return sum(i, k) / static_cast<double>(members_[i].size() * members_[k].size());
    }

    /// Finds the group that is most similar to group i.
    void find_nearest(std::size_t i) {
        nearest_[i].reset();
        double highest = never;
        for (std::size_t k = 0; k < count_; ++k) {
            if (k == i || members_[k].empty()) continue;
            if (const double average_score = average(i, k); average_score > highest) {
                highest = average_score;
                nearest_[i] = k;
            }
        }
    }

    /// Moves the members of group `from` to group `into`. Requires: `into` < `from`. Therefore the
    /// index of a group is always the index of its first track.
    void join(std::size_t into, std::size_t from) {
        // The sum for the joined group is the sum of the sums. (This does not hold for averages.)
        for (std::size_t k = 0; k < count_; ++k) {
            if (k != into) sum(into, k) = sum(k, into) = sum(into, k) + sum(from, k);
        }
        members_[into].insert(members_[into].end(), members_[from].begin(), members_[from].end());
        members_[from].clear();
        // Find the nearest group again for the joined group, and for groups whose nearest group was
        // one of the two. For all other groups, the nearest group stays the same: the average
        // score with the joined group lies between the averages to the two groups before they
        // were joined.
        for (std::size_t k = 0; k < count_; ++k) {
            if (members_[k].empty()) continue;
            if (k == into || nearest_[k] == into || nearest_[k] == from) find_nearest(k);
        }
    }

    std::size_t count_;
    /// For each pair of groups, the sum of the scores between their tracks.
    std::vector<double> sums_;
    /// Tracks of each group; empty if the group was joined into another group.
    std::vector<std::vector<std::size_t>> members_;
    /// Most similar group of each group; empty if no group may be joined with it.
    std::vector<std::optional<std::size_t>> nearest_;
};

}  // namespace

bool visible_together(const TrackFace& a, const TrackFace& b) {
    return a.video == b.video && std::max(a.from, b.from) <= std::min(a.to, b.to);
}

double same_person_score(const gallery::ScoreSpace& space) {
    constexpr double without_cohort = 0.5;
    constexpr std::size_t people = 100;
    constexpr double fpir = 0.01;
    const auto* cohort = gallery::find_cohort(space.model_id());
    if (cohort == nullptr) return without_cohort;
    return double{gallery::impostor_threshold(*cohort, people, fpir)};
}

std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      const gallery::ScoreSpace& space) {
    // Sort by video and start of the track. The other two parts of the key break ties, so that the
    // groups do not depend on the order of the input.
    std::vector<std::size_t> order(tracks.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, [&](std::size_t i, std::size_t k) {
        const auto key = [](const TrackFace& t) { return std::tie(t.video, t.from, t.to, t.face); };
        return key(tracks[i]) < key(tracks[k]);
    });
    std::vector<TrackFace> ordered;
    ordered.reserve(tracks.size());
    for (const auto index : order) ordered.push_back(tracks[index]);

    Linkage linkage(ordered, space);
    const double min_score = same_person_score(space);
    while (linkage.join_best(min_score)) {
    }
    auto groups = linkage.take_groups();
    for (auto& group : groups) {
        for (auto& member : group) member = order[member];
    }
    return groups;
}

}  // namespace facebus::people

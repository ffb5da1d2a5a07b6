// Groups tracks that show the same person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::people {

/// A track to be grouped.
struct TrackFace {
    Embedding face{};       ///< template fused from its crops; a unit vector
    std::size_t video = 0;  ///< number of the video
    std::int64_t from = 0;  ///< position in the video where it is first seen, in ns
    std::int64_t to = 0;    ///< and last seen
};

/// Average similarity at which two groups of tracks count as one person.
///
/// According to models/cohort.json, templates of three images of one person have a similarity of
/// 0.78 +- 0.07. Among pairs of its impostors (1,200 people, five images each, scaled by `tail`),
/// 0.9 % lie above 0.45, 0.4 % above 0.5 and 0.03 % above 0.6. For groups of many tracks the
/// average of many pairs must be that high, which is rarer still. The value is not lower because
/// merging two folders of one person is easy, while separating two people in one folder is tedious.
inline constexpr double same_person = 0.5;

/// Returns whether both are visible at the same time in one video, so that they can't be the same
/// person.
bool visible_together(const TrackFace& a, const TrackFace& b);

/// Returns the tracks of each person, as indexes into `tracks`. Joins the two groups with the
/// highest average similarity first, as long as it is at least `least`, and never groups with
/// tracks that are visible_together(). People, and the tracks of each, are in order of appearance. The
/// result does not depend on the order of `tracks`.
std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      double least = same_person);

}  // namespace facebus::people

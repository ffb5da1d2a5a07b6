// Which tracks show the same person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::people {

/// A track as grouping sees it.
struct TrackFace {
    Embedding face{};       ///< its crops, fused; a unit vector
    std::size_t video = 0;  ///< number of the video
    std::int64_t from = 0;  ///< where in the video it is seen first and last, in ns
    std::int64_t to = 0;
};

/// Average similarity of their tracks at which two groups count as one person. Templates of three
/// pictures of one person have 0.78 +- 0.07 in models/cohort.json. Of its strangers (1,200, five
/// pictures each, widened by its `tail`) 0.9 % of the pairs lie above 0.45, 0.4 % above 0.5, 0.03 %
/// above 0.6, and it takes an average of many to join two people of many tracks. A person in two
/// folders is mended by moving files, two people in one have to be told apart picture by picture:
/// hence no lower.
inline constexpr double same_person = 0.5;

/// Whether both are visible at one time of one video, so that they can't be the same person.
bool together(const TrackFace& a, const TrackFace& b);

/// The tracks of each person, by their places in `tracks`: those on average most alike are joined
/// first, while that average is at least `least`; tracks that are together never are. People are in
/// the order in which they appear, and so are the tracks of each. The order of `tracks` changes
/// nothing.
std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      double least = same_person);

}  // namespace facebus::people

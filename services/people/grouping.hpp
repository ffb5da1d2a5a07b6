// Groups tracks that show the same person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::people {

/// Track of a person in a video or in front of a camera.
struct TrackFace {
    Embedding face{};       ///< template of the track; a unit vector
    std::size_t video = 0;  ///< number of the video or camera
    std::int64_t from = 0;  ///< start of the track, in ns: position in the video, or UTC
    std::int64_t to = 0;    ///< end of the track, in ns, on the same time scale as `from`
};

/// Minimum average similarity at which two groups of tracks are considered to show the same person.
///
/// According to models/cohort.json, the mean similarity of a template, fused from three images, to
/// three other images of the same person is 0.78 +- 0.07. For comparison, 1,200 impostors were
/// drawn from that cohort, each with a template fused from five images. After multiplication by
/// gallery::Cohort::tail, 0.9% of the similarities between two of them are above 0.45, 0.4% above
/// 0.5 and 0.03% above 0.6. It is even rarer that the average over all pairs of tracks from two
/// groups is that high. A lower value would join the tracks of different people more often. For
/// users of `facebus collect`, separating two people in one folder is tedious, whereas merging two
/// folders of one person is easy.
inline constexpr double same_person = 0.5;

/// Returns whether both tracks are visible at the same time in the same video. If so, they cannot
/// show the same person.
bool visible_together(const TrackFace& a, const TrackFace& b);

/// Groups the tracks by person and returns one list of indices into `tracks` per person. Repeatedly
/// joins the two groups with the highest average similarity while it is at least `min_similarity`.
/// Never joins two groups if a track of one is visible together with a track of the other. Sorts
/// the tracks of each person by video and then by start, and the people by their first tracks. The
/// grouping does not depend on the order of `tracks`.
std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      double min_similarity = same_person);

}  // namespace facebus::people

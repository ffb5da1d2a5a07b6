// Groups tracks that show the same person.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/embedding.hpp"
#include "gallery/score/score_space.hpp"

namespace facebus::people {

/// Track of a person in a video or in front of a camera.
struct TrackFace {
    Embedding face{};       ///< template of the track; a unit vector
    std::size_t video = 0;  ///< number of the video or camera
    std::int64_t from = 0;  ///< start of the track, in ns: position in the video, or UTC
    std::int64_t to = 0;    ///< end of the track, in ns, on the same time scale as `from`
};

/// Returns the minimum average score (see gallery::ScoreSpace) at which two groups of tracks are
/// considered to show the same person: the threshold for a FPIR of 1% in a gallery of 100 people,
/// according to the cohort of the space. A lower value would join the tracks of different people
/// more often. For users of `facebus collect`, separating two people in one folder is tedious,
/// whereas merging two folders of one person is easy. Without a cohort, returns a cosine
/// similarity.
double same_person_score(const gallery::ScoreSpace& space);

/// Returns whether both tracks are visible at the same time in the same video. If so, they cannot
/// show the same person.
bool visible_together(const TrackFace& a, const TrackFace& b);

/// Groups the tracks by person and returns one list of indices into `tracks` per person. Repeatedly
/// joins the two groups with the highest average score while it is at least
/// same_person_score().
/// Never joins two groups if a track of one is visible together with a track of the other. Sorts
/// the tracks of each person by video and then by start, and the people by their first tracks. The
/// grouping does not depend on the order of `tracks`.
std::vector<std::vector<std::size_t>> group_by_person(const std::vector<TrackFace>& tracks,
                                                      const gallery::ScoreSpace& space);

}  // namespace facebus::people

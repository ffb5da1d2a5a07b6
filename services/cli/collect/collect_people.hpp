// Who is in the collected tracks, and what their folders are called.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/collect/face_harvest.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::cli {

/// One person.
struct CollectedPerson {
    std::vector<const KeptTrack*> tracks;       ///< in the order of appearance
    std::optional<gallery::Candidate> subject;  ///< of the gallery, if known
    std::string folder;
};

/// The tracks by person (see cli/grouping.hpp), in the order of appearance; without folders yet.
/// The tracks have to outlive the result.
std::vector<CollectedPerson> people_of(const std::vector<KeptTrack>& tracks);

/// Gives each person who is known the subject of the gallery. People who are the same subject
/// become one, unless they were visible at the same time: then it is the most alike.
void recognise(std::vector<CollectedPerson>& people, const gallery::Snapshot& gallery,
               const gallery::Policy& policy);

/// Gives each person a folder of his own: named after the subject, else person-01, person-02, ...
void name_folders(std::vector<CollectedPerson>& people);

}  // namespace facebus::cli

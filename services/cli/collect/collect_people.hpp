// Groups collected tracks by person and names the folders of the people.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/collect/face_harvest.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::cli {

/// A person with all their tracks.
struct CollectedPerson {
    std::vector<const KeptTrack*> tracks;       ///< in order of appearance
    std::optional<gallery::Candidate> subject;  ///< subject in the gallery, if known
    std::string folder;
};

/// Groups the tracks by person (see people/grouping.hpp), in order of appearance. Folders are still
/// empty. Requires: `tracks` outlives the result.
std::vector<CollectedPerson> people_of(const std::vector<KeptTrack>& tracks);

/// Sets the subject of each person that the policy decides as known. People with the same subject
/// are merged, unless they were visible at the same time; then only the most similar keeps it.
void recognise(std::vector<CollectedPerson>& people, const gallery::Snapshot& gallery,
               const gallery::Policy& policy);

/// Sets a different folder for each person: named after the subject, otherwise person-01,
/// person-02, ...
void name_folders(std::vector<CollectedPerson>& people);

}  // namespace facebus::cli

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
    std::optional<gallery::Candidate> subject;  ///< subject in the gallery; empty: unknown person
    std::string folder;                         ///< name of the folder for the crops
};

/// Groups the tracks by person (see people/grouping.hpp). Returns the people in order of
/// appearance, without subjects and folders. `model_id`: the model that computed the embeddings.
/// Requires: `tracks` outlives the result.
std::vector<CollectedPerson> people_of(const std::vector<KeptTrack>& tracks,
                                       const std::string& model_id);

/// Sets the subject of each person who is recognised (decision `known`). Merges people with the
/// same subject. If two of them are visible at the same time, does not merge them; only the one
/// with the higher score keeps the subject.
void recognise(std::vector<CollectedPerson>& people, const gallery::Snapshot& gallery,
               const gallery::Policy& policy);

/// Gives each person a different folder name. For a person with a subject, it is safe_file_name()
/// of the subject's name, with a number appended if that name is taken. Unknown people are named
/// person-01, person-02, and so on.
void name_folders(std::vector<CollectedPerson>& people);

}  // namespace facebus::cli

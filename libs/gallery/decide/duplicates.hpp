// Finds people who are enrolled twice, under different names.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// Returns the subject as which a track with this single good face would be recognised, also if the
/// match is ambiguous. Returns nothing if that subject has the id `subject_id`, if the match is
/// ambiguous and the runner-up has this id, or if there is no such subject. So a new sample of
/// `subject_id` probably shows the returned subject instead. `subject_id` can be empty.
std::optional<Candidate> find_other_subject(const Embedding& face, const std::string& subject_id,
                                            const Snapshot& gallery, const Policy& policy);

/// Two subjects who are probably the same person.
struct Duplicate {
    Snapshot::SubjectName first;   ///< the subject with the lower id
    Snapshot::SubjectName second;  ///< the subject with the higher id
    float similarity = 0;          ///< the higher of the similarities of each to the other
};

/// Maximum number of pairs per subject that find_duplicates() returns.
inline constexpr std::size_t max_duplicates_per_subject = 5;

/// Returns the pairs of subjects of which one would be recognised as the other, most similar first.
/// Searches the gallery once per subject that has samples: for a track that consists of its
/// samples. Per search, takes only the max_duplicates_per_subject most similar subjects into
/// account. Calls `step` once per search to report progress; if it returns false, returns an empty
/// list.
std::vector<Duplicate> find_duplicates(const Snapshot& gallery, const Policy& policy,
                                       const std::function<bool()>& step = {});

}  // namespace facebus::gallery

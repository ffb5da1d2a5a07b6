// Makes galleries and probes from the faces of a FaceSet.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::cli {

/// The faces found in the images of one person, at most one per image.
using Person = std::vector<const EmbeddedFace*>;

/// Returns the people with at least one face, sorted by name. Requires: `set` outlives the result.
std::vector<Person> people_of(const FaceSet& set);

/// Returns the people with at least `count` faces.
std::vector<Person> with_faces(const std::vector<Person>& people, std::size_t count);

/// Returns the id that enrol() gives to the person with this index.
std::string subject_id(std::size_t index);

/// Returns a gallery with the first `samples` faces of each person, which compares scores in
/// `space` (default: that of the shipped cohort). Requires: each person has at least that many
/// faces.
gallery::Snapshot enrol(const std::vector<Person>& people, std::size_t samples,
                        const std::string& model_id,
                        std::shared_ptr<const gallery::ScoreSpace> space = nullptr);

/// Returns `count` faces of a person, starting at index `first`, as probes of one track. Requires:
/// the person has at least `first + count` faces.
std::vector<gallery::Probe> probes_of(const Person& person, std::size_t first, std::size_t count);

}  // namespace facebus::cli

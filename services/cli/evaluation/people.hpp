// Turns the people of a face set into galleries and probes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::cli {

/// The images of one person that show a face.
using Person = std::vector<const LabelledFace::Found*>;

/// Returns the people in the set, in order of their names.
std::vector<Person> people_of(const FaceSet& set);

/// Returns the people with at least `images` images.
std::vector<Person> with_images(const std::vector<Person>& people, std::size_t images);

/// Returns the id that enrol() gives to the person with this index.
std::string subject_id(std::size_t index);

/// Returns a gallery of the first `samples` images of each person. Requires: each person has that
/// many images.
gallery::Snapshot enrol(const std::vector<Person>& people, std::size_t samples,
                        const std::string& model_id);

/// Returns `count` images, starting at index `first`, as probes of one track. Requires: the person
/// has that many images.
std::vector<gallery::Probe> probes_of(const Person& person, std::size_t first, std::size_t count);

}  // namespace facebus::cli

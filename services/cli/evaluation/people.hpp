// The people of a face set, as galleries and probes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::cli {

/// The pictures of one person that show a face.
using Person = std::vector<const LabelledFace::Found*>;

/// The people of the set, in the order of their names.
std::vector<Person> people_of(const FaceSet& set);

/// Those of them with so many pictures.
std::vector<Person> with_pictures(const std::vector<Person>& people, std::size_t pictures);

/// The id of the subject that enrol() makes of the person in this place.
std::string subject_id(std::size_t place);

/// A gallery of the first `samples` pictures of each. Precondition: each has so many.
gallery::Snapshot enrol(const std::vector<Person>& people, std::size_t samples,
                        const std::string& model_id);

/// The `count` pictures from `first` on as probes of one track. Precondition: there are so many.
std::vector<gallery::Probe> probes_of(const Person& person, std::size_t first, std::size_t count);

}  // namespace facebus::cli

// Computing the statistics of strangers from labelled pictures.
#pragma once

#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "gallery/cohort.hpp"

namespace facebus::cli {

/// The pictures of one person that show a face.
using Person = std::vector<const LabelledFace::Found*>;

/// The people of the set, in the order of their names.
std::vector<Person> people_of(const FaceSet& set);

/// The template of some pictures, fused as a track's probes are.
Embedding fused(const Person& pictures);

/// Fits a cohort to the people. `tail` is measured by cross-validation: strangers of one half,
/// galleries of one half of the other. Throws StartupError (input) if there are fewer than 100
/// people, or fewer than 20 with four pictures or more.
gallery::Cohort fit_cohort(const std::vector<Person>& people, const std::string& model_id);

}  // namespace facebus::cli

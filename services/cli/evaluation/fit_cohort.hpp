// Computing the statistics of strangers from labelled pictures.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/evaluation/people.hpp"
#include "gallery/decide/cohort.hpp"

namespace facebus::cli {

/// Fits a cohort to the people. `tail` is measured by cross-validation: strangers of one half,
/// galleries of one half of the other; `genuine` for each number of samples and probes for which 20
/// people have enough pictures. Refused: fewer than 100 people, or than 20 with four pictures.
Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id);

}  // namespace facebus::cli

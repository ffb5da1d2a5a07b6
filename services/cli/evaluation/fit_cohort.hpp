// Computes the statistics of impostors from labelled images.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/evaluation/people.hpp"
#include "gallery/decide/cohort.hpp"

namespace facebus::cli {

/// Fits a cohort to the people. `tail` is measured by cross-validation: impostors drawn from the
/// statistics of one half of the people are compared with real impostors of the other half.
/// `genuine` is measured for each number of samples and probes for which 20 people have enough
/// images. Error `refused`: fewer than 100 people, or fewer than 20 with four images.
Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id);

}  // namespace facebus::cli

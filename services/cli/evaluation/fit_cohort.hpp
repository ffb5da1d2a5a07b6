// Computes a cohort (the statistics from which calibration draws impostors) from labelled images.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/evaluation/people.hpp"
#include "gallery/decide/cohort.hpp"

namespace facebus::cli {

/// Computes a cohort from the embeddings of `people`. `model_id`: model id of these embeddings.
///
/// Measures Cohort::tail by cross-validation: compares impostors drawn from the statistics of one
/// half of the people with real people of the other half. Measures Cohort::genuine for each
/// combination of 1 to 3 samples and 1 to 3 probes for which at least 20 people have enough images.
/// Fails with `refused` if there are fewer than 100 people, or fewer than 20 people with at least
/// four images.
Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id);

}  // namespace facebus::cli

// Computes a cohort (see gallery/score/cohort.hpp) from labelled images.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/evaluation/people.hpp"
#include "gallery/score/cohort.hpp"

namespace facebus::cli {

/// What fit_cohort() computes.
enum class CohortParts {
    vectors,  ///< only the mean and the vectors, which scores require
    all,      ///< also the distributions, which calibration requires
};

/// Computes a cohort from the embeddings of `people`. `model_id`: model id of these embeddings.
///
/// Each vector is the average of two people who resemble each other; every person contributes to
/// exactly one. Measures the distributions of the scores of these people as if they had not
/// contributed: for two faces, omits the vectors of both people. Measures Cohort::genuine
/// for each combination of 1 to 5 samples and 1 to 5 probes for which at least 20 people have
/// enough images. Fails with `refused` if there are fewer than 100 people, or fewer than 20 people
/// with two images.
Result<gallery::Cohort> fit_cohort(const std::vector<Person>& people, const std::string& model_id,
                                   CohortParts parts = CohortParts::all);

/// Returns one vector per pair of people who resemble each other: the normalised sum of their
/// directions. A person who is left over is a vector alone. `directions`: unit vectors.
std::vector<Embedding> pair_vectors(const std::vector<Embedding>& directions);

/// Returns for each vector the cosine similarity with the person who resembles it most, ascending.
std::vector<float> nearest_contributors(const std::vector<Person>& people,
                                        const gallery::Cohort& cohort);

}  // namespace facebus::cli

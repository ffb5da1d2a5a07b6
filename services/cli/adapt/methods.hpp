// Computes adaptations to cameras (see gallery/score/adaptation.hpp) by different methods.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/evaluation/people.hpp"
#include "gallery/score/adaptation.hpp"
#include "gallery/score/cohort.hpp"

namespace facebus::cli {

/// Index of no subject.
inline constexpr std::size_t not_enrolled = static_cast<std::size_t>(-1);

/// A person in front of the cameras.
struct CameraPerson {
    std::string name;
    Person faces;                        ///< at least one
    std::size_t subject = not_enrolled;  ///< index of the enrolled person with this name
};

/// The samples of an enrolled person, centred with the mean of the cohort. At least one.
using CentredSamples = std::vector<Embedding>;

/// What all methods have in common.
struct AdaptationInput {
    const gallery::Cohort& cohort;
    const std::vector<CentredSamples>& enrolled;
    const std::vector<CameraPerson>& people;
};

/// Linear map of the centred probes of a camera.
enum class Map {
    none,
    /// Ridge regression from probes to the enrolled samples of the same people, shrunk towards the
    /// identity.
    regression,
    /// One linear classifier per enrolled person, which separates the person from all unknown
    /// people of the cameras. Regularised discriminants with common negatives are all one map:
    /// that by the inverse of the covariance of the negatives.
    classifiers,
};

/// A way to compute an adaptation.
struct Method {
    std::string name;       ///< for users; methods that differ only in `strength` share it
    bool centring = false;  ///< centre probes with the mean of the cameras
    Map map = Map::none;
    double strength = 0;      ///< of the shrinkage of the map
    bool own_cohort = false;  ///< normalise samples with the unknown people of the cameras
};

/// Returns all methods that `facebus adapt` tries, the simplest first.
const std::vector<Method>& adaptation_methods();

/// Minimum number of unknown people for a cohort of one's own.
inline constexpr std::size_t min_cohort_people = 100;

/// Computes an adaptation from the people with the given indices, except its `shift`. Returns
/// nothing if there are too few of them for the method. Requires: `people` is not empty.
std::optional<gallery::Adaptation> fit_adaptation(const AdaptationInput& input,
                                                  const std::vector<std::size_t>& people,
                                                  const Method& method);

/// Returns the mean similarity of each embedding to its `nearest` most similar vectors.
std::vector<float> mean_of_nearest(const std::vector<Embedding>& embeddings,
                                   const std::vector<Embedding>& vectors, std::size_t nearest);

}  // namespace facebus::cli

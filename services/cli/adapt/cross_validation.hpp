// Measures adaptations to cameras by cross-validation over people.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/adapt/methods.hpp"
#include "cli/evaluation/identification.hpp"

namespace facebus::cli {

struct CrossValidationOptions {
    std::size_t probes = 3;  ///< number of faces of a person that are fused per search, at most
    float margin = 0;        ///< minimum margin over the runner-up
    double fpir = 0.01;      ///< FPIR at which misses are counted
};

/// Misses without and with an adaptation, of the same searches, for people who did not
/// contribute to it.
struct Gain {
    std::string method;
    double before = 0;       ///< FNIR without an adaptation
    double after = 0;        ///< FNIR with it
    Interval reduction{};    ///< 95% interval of 1 - after / before: bootstrap over people
    std::size_t usable = 0;  ///< number of folds with enough people for the method
};

/// A method chosen by cross-validation.
struct Choice {
    Gain gain;  ///< for the people of each fold, with the method chosen on the other people
    /// Method with the fewest misses of all people. Empty: none has fewer than without one.
    std::optional<Method> best;
    float shift = 0;        ///< see Adaptation::shift, for the best method
    double fpir_after = 0;  ///< FPIR at the threshold of calibration with the best method
};

/// Result of cross-validation.
struct CrossValidation {
    std::size_t mated = 0;      ///< searches for enrolled people
    std::size_t impostors = 0;  ///< searches in a gallery without the person
    std::vector<Gain> methods;  ///< one per name, with the strength chosen on the other people
    Choice any;                 ///< among all methods
    /// Among the methods without an own cohort. They leave uploaded photos as they are: an own
    /// cohort also normalises the samples with which photos are compared.
    Choice only_probes;
    double fpir_before = 0;  ///< FPIR at the threshold of calibration without an adaptation
};

/// Number of parts of the people.
inline constexpr std::size_t adaptation_folds = 5;

/// Divides the people into five parts. Computes the adaptation of each method from four parts and
/// searches the whole gallery for the faces of the fifth. Every search is also a search for an
/// impostor, with the person's own samples left out. `threshold`: score required for `known` with
/// one good face. Calls `step` adaptation_folds * (adaptation_methods().size() + 1) times.
CrossValidation cross_validate(const AdaptationInput& input, const CrossValidationOptions& options,
                               float threshold, const std::function<void()>& step);

/// Misses of photos that no camera took, without and with an adaptation. Only the normalisation of
/// the samples differs. `people` are those in the photos.
Gain measure_photos(const AdaptationInput& photos, const gallery::Adaptation& adaptation,
                    const CrossValidationOptions& options);

}  // namespace facebus::cli

// Checks whether a calibrated policy meets its target FPIR for people who are not in the cohort.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {

/// Result of a calibration check: counts over all trials. The bins count all searches for enrolled
/// people and, in each trial, at most as many searches for impostors.
struct CalibrationCheck {
    /// Decisions by predicted probability: one bin per tenth of the range from 0 to 1.
    struct Bin {
        std::uint64_t decisions = 0;
        std::uint64_t correct = 0;  ///< decisions whose best subject is the right person
        double predicted = 0;       ///< sum of the predicted probabilities
    };

    double target_fpir = 0;
    std::size_t trials = 0;
    std::size_t samples = 0;                ///< per enrolled person
    std::size_t probes = 0;                 ///< per search
    std::uint64_t impostors = 0;            ///< searches for people who are not enrolled
    std::uint64_t impostors_named = 0;      ///< such searches with the decision `known`
    std::uint64_t mated = 0;                ///< searches for enrolled people
    std::uint64_t mated_named = 0;          ///< such searches that named the right person
    std::uint64_t mated_misidentified = 0;  ///< such searches that named another person
    std::array<Bin, 10> bins{};             ///< in order of the predicted probability
};

/// Fits a cohort to one half of the people and runs `trials_each_half` trials with the other half.
/// Then exchanges the halves. Each trial enrols some people of its half, calibrates that gallery
/// with the cohort, and searches the gallery for the enrolled people and for impostors. The
/// impostors are other people of the same half. `base`: values of the policy that calibration does
/// not set. Calls `step` after each trial. Runs no trials if there are too few people, or too few
/// with enough images.
CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base, double fpir,
                                   std::size_t trials_each_half, const std::function<void()>& step);

}  // namespace facebus::cli

// Checks whether a calibrated policy keeps its target FPIR with people who are not in the cohort.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {

/// Counts over all trials of a calibration check.
struct CalibrationCheck {
    /// Answers whose predicted probability lies in one tenth of 0..1.
    struct Bin {
        std::uint64_t answers = 0;
        std::uint64_t right = 0;
        double predicted = 0;  ///< sum of the predicted probabilities
    };

    double target_fpir = 0;
    std::size_t trials = 0;
    std::size_t samples = 0;      ///< per enrolled person
    std::size_t probes = 0;       ///< per searched person
    std::uint64_t impostors = 0;  ///< searches for people who are not enrolled
    std::uint64_t impostors_named = 0;
    std::uint64_t mated = 0;                ///< searches for enrolled people
    std::uint64_t mated_named = 0;          ///< named correctly
    std::uint64_t mated_misidentified = 0;  ///< named as somebody else
    std::array<Bin, 10> bins{};
};

/// Fits a cohort to one half of the people and calibrates galleries of the other half with it, and
/// vice versa. Then decides on probes of the enrolled people and of impostors from the same half as
/// the gallery. Returns zero trials if there are too few people. Calls `step` after each trial.
CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base, double fpir,
                                   std::size_t trials_each_half, const std::function<void()>& step);

}  // namespace facebus::cli

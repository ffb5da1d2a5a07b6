// Checks whether a calibrated policy meets its target FPIR for people who are not in the cohort.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/identification.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {

/// Result of a calibration check: counts over all trials.
struct CalibrationCheck {
    /// Decisions by predicted probability: one bin per tenth of the range from 0 to 1.
    struct Bin {
        std::uint64_t decisions = 0;
        std::uint64_t correct = 0;  ///< decisions whose best subject is the right person
        double predicted = 0;       ///< sum of the predicted probabilities
    };

    /// Searches in galleries of one size, for one target FPIR.
    struct Row {
        std::size_t samples = 0;   ///< per enrolled person
        std::size_t probes = 0;    ///< per search
        std::size_t subjects = 0;  ///< enrolled people
        double target_fpir = 0;
        std::uint64_t impostors = 0;            ///< searches for people who are not enrolled
        std::uint64_t impostors_named = 0;      ///< such searches with the decision `known`
        Interval fpir{};                        ///< 95% interval of the FPIR: bootstrap over people
        std::uint64_t mated = 0;                ///< searches for enrolled people
        std::uint64_t mated_named = 0;          ///< such searches that named the right person
        std::uint64_t mated_misidentified = 0;  ///< such searches that named another person
    };

    std::size_t trials = 0;
    std::vector<Row> rows;
    /// In order of the predicted probability. Count, for the first target FPIR, all searches for
    /// enrolled people and in each trial at most as many searches for impostors.
    std::array<Bin, 10> bins{};
};

/// Fits a cohort to one half of the people and runs `trials_each_half` trials with the other half.
/// Then exchanges the halves. Each trial enrols people of its half in galleries of 10 to 500
/// people, with 1, 3 and 5 samples, calibrates each gallery with the cohort, and searches it with
/// 1, 3 and 5 probes for the enrolled people and for impostors. The impostors are other people of
/// the same half. Omits rows for which too few people have enough images. `base`: values of the
/// policy that calibration does not set. `fpirs`: target rates. Calls `step` after each trial. Runs
/// no trials if there are too few people, or too few with enough images.
CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base,
                                   const std::vector<double>& fpirs, std::size_t trials_each_half,
                                   const std::function<void()>& step);

}  // namespace facebus::cli

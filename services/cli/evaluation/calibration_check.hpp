// Does a calibrated policy keep what it promises to people that the cohort never saw?
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "cli/evaluation/face_set.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {

struct CalibrationCheck {
    /// Answers whose probability lay in one tenth of 0..1.
    struct Bin {
        std::uint64_t answers = 0;
        std::uint64_t right = 0;
        double said = 0;  ///< sum of the probabilities
    };

    double promised = 0;  ///< rate of false alarms
    std::size_t trials = 0;
    std::size_t samples = 0;
    std::size_t probes = 0;
    std::uint64_t strangers = 0;
    std::uint64_t strangers_named = 0;
    std::uint64_t mated = 0;
    std::uint64_t mated_named = 0;    ///< rightly
    std::uint64_t mated_wrongly = 0;  ///< named as somebody else
    std::array<Bin, 10> bins{};
};

/// Fits a cohort to one half of the people and calibrates galleries of the other half with it, and
/// the other way round; then decides on their probes and on strangers, as many of each, of the same
/// half. Empty (no trials) where there are too few people for it. Calls `step` after each trial.
CalibrationCheck check_calibration(const FaceSet& set, const gallery::Policy& base, double fpir,
                                   std::size_t trials_each_half, const std::function<void()>& step);

}  // namespace facebus::cli

// Calibration: derives the decision policy of a gallery from a stated FPIR.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/cohort.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// Result of a calibration.
struct Calibration {
    Policy policy;
    double fpir = 0;            ///< false positive identification rate that was requested
    std::size_t impostors = 0;  ///< number of impostors drawn
    float threshold = 0;        ///< similarity required for `known` in this gallery
    /// Similarity added because the subjects of this gallery resemble each other more than
    /// impostors resemble them (same cameras, same family). 0 with fewer than `min_subjects_for_shift`
    /// subjects.
    float shift = 0;
    double tpir = 0;  ///< expected share of enrolled people identified, by Cohort::genuine
};

inline constexpr std::size_t min_subjects_for_shift = 5;
inline constexpr double min_fpir = 1e-5;
inline constexpr double max_fpir = 0.5;

/// Returns how many impostors are needed to measure a rate: so many that 50 of them reach the
/// threshold, but at least 2,000 and at most 50,000.
std::size_t impostors_needed(double fpir);

/// Computes threshold, slope and offset for the gallery and keeps the other values of `base`.
/// Matches `impostors` people drawn from the cohort, each fused from `min_probes` images, with the
/// gallery, and sets the threshold so that a share of `fpir` of them would be named. Deterministic
/// for a given gallery. Performs impostors x samples comparisons and calls `step` after each
/// impostor to report progress. Fails with `refused` if the gallery is empty, its model is not that
/// of the cohort, or `fpir` is not between min_fpir and max_fpir.
Result<Calibration> calibrate(const Snapshot& gallery, const Policy& base, const Cohort& cohort,
                              double fpir, std::size_t impostors,
                              const std::function<void()>& step = {});

/// Settings for calibrating a gallery that stores no policy.
struct CalibrationOptions {
    double fpir = 0.01;
    Policy base{};

    static void keys(auto& self, auto&& key) {
        key("fpir", self.fpir, Range{min_fpir, max_fpir},
            "share of unknown people that may be identified as somebody enrolled (FPIR); this and "
            "the next four apply if the gallery has no policy from `facebus calibrate`");
        Policy::keys(self.base, key);
    }
};

/// Calibrates a gallery that stores no policy, with the shipped cohort. Every program that matches
/// obtains the same result. Draws as many impostors as take about a second, 200 to 2,000; `facebus
/// calibrate` draws more. Fails as calibrate() does.
Result<Calibration> calibrate_quickly(const Snapshot& gallery, const CalibrationOptions& options);

/// Result of a leave-one-out test of a gallery.
struct LeaveOneOut {
    std::size_t tested = 0;  ///< samples matched with the rest of the gallery
    std::size_t identified = 0;  ///< samples whose own subject was found with the threshold and margin
};
/// Matches up to 500 samples with the gallery without that sample. Skips subjects with one sample.
/// Applies the threshold for `min_probes` good probes.
LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy);

}  // namespace facebus::gallery

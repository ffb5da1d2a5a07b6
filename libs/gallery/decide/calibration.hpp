// Calibration: computes the decision policy of a gallery for a given FPIR.
#pragma once

#include <cstddef>

#include "base/error.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/score/cohort.hpp"

namespace facebus::gallery {

/// Lowest and highest FPIR that can be set. Below 0.001, and above 500 subjects, thresholds are
/// extrapolations.
inline constexpr double min_fpir = 1e-5;
inline constexpr double max_fpir = 0.5;

/// Settings of calibration. `facebus calibrate` can store them with the gallery; those of the
/// configuration apply otherwise.
struct CalibrationOptions {
    double fpir = 0.01;  ///< target false positive identification rate
    Policy base{};       ///< min_probes, margin and min_quality; calibration sets the other values

    static void keys(auto& self, auto&& key) {
        key("fpir", self.fpir, Range{min_fpir, max_fpir},
            "target FPIR: share of unknown people who are falsely identified as an enrolled "
            "person; fpir, min_probes, margin and min_quality apply until `facebus calibrate` has "
            "stored a calibration");
        Policy::keys(self.base, key);
    }
};

/// Result of a calibration.
struct Calibration {
    Policy policy;
    /// Value added to all thresholds, because people who pass a camera often resemble the subjects
    /// more than people of the cohort do (same cameras, same family). It is three quarters of this
    /// difference, but at least 0: the mean score between the subjects of this gallery, minus that
    /// between the people of the cohort, minus two standard errors. It is 0 if fewer than
    /// min_subjects_for_shift subjects have samples.
    float shift = 0;
    /// Estimated share of searches for enrolled people with Policy::min_probes good probes in which
    /// the score of the right person reaches the threshold.
    double tpir = 0;
};

/// Minimum number of subjects with samples to measure Calibration::shift.
inline constexpr std::size_t min_subjects_for_shift = 5;

/// Computes the policy with which the share `options.fpir` of impostors would be identified in this
/// gallery: one threshold for each number of good probes, so that the rate is the same for all. The
/// cohort states how often an impostor reaches a score with a subject of 1 to 5 samples. Equal
/// arguments give equal results. Takes about a millisecond, and up to 50 ms to measure the shift.
///
/// Fails with `refused` if gallery and cohort have different models, the gallery has no samples, or
/// the FPIR is not between min_fpir and max_fpir.
Result<Calibration> calibrate(const Snapshot& gallery, const CalibrationOptions& options,
                              const Cohort& cohort);
/// Like the function above, with the cohort that ships for the model of the gallery. Also fails
/// with `refused` if none ships.
Result<Calibration> calibrate(const Snapshot& gallery, const CalibrationOptions& options);

/// Returns the threshold with which the share `fpir` of impostors with one image would be
/// identified in a gallery of that many people with one sample each, without a margin.
float impostor_threshold(const Cohort& cohort, std::size_t subjects, double fpir);

/// Returns the policy of calibrate() with the cohort that ships for the model of the gallery, or
/// `options.base` if there is none or the gallery has no samples.
Policy policy_for(const Snapshot& gallery, const CalibrationOptions& options);

/// Result of a leave-one-out test of a gallery.
struct LeaveOneOut {
    std::size_t tested = 0;      ///< number of samples matched with the rest of the gallery
    std::size_t identified = 0;  ///< number of tested samples identified as their own subject
};
/// Takes up to 500 samples of subjects with at least two samples, in the order of the snapshot, and
/// matches each of them with the gallery without that sample. Applies the margin and the threshold
/// for one good probe.
LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy);

}  // namespace facebus::gallery

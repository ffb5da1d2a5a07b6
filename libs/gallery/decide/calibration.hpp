// Calibration: computes the decision policy of a gallery for a given FPIR.
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
    double fpir = 0;            ///< requested false positive identification rate
    std::size_t impostors = 0;  ///< number of impostors drawn from the cohort
    /// Similarity required for `known` in this gallery once a track has Policy::min_probes good
    /// faces. Before that, Policy::early is added.
    float threshold = 0;
    /// Value added to the similarities of the drawn impostors, because real impostors often
    /// resemble the subjects more than drawn ones do (same cameras, same family). It is the mean
    /// similarity between the subjects of this gallery, minus their mean similarity to the drawn
    /// impostors, minus two standard errors, but at least 0. It is 0 if fewer than
    /// min_subjects_for_shift subjects have samples.
    float shift = 0;
    /// Estimated share of searches for enrolled people in which the similarity to the right person
    /// reaches `threshold`.
    double tpir = 0;
};

/// Minimum number of subjects with samples to measure Calibration::shift.
inline constexpr std::size_t min_subjects_for_shift = 5;
/// Lowest and highest FPIR that calibrate() accepts.
inline constexpr double min_fpir = 1e-5;
inline constexpr double max_fpir = 0.5;

/// Returns how many impostors are needed to measure the rate `fpir`: 50 / fpir, so that about 50 of
/// them reach the threshold, but at least 2,000 and at most 50,000.
std::size_t impostors_needed(double fpir);

/// Computes threshold, slope and offset for the gallery and keeps the other values of `base`. Draws
/// `impostors` fictitious people from the cohort. The template of each is fused from
/// `base.min_probes` drawn embeddings. Matches these templates with the gallery and converts each
/// similarity into the one expected of a real impostor (see Cohort::tail and Calibration::shift).
/// Chooses the threshold at which the share `fpir` of the impostors would be identified, but at
/// least 0.05 and at most 0.95.
///
/// Equal arguments give equal results. Calls `step` once per impostor to report progress. Requires:
/// `impostors` is positive. Fails with `refused` if the gallery has no samples, if gallery and
/// cohort have different models, or if `fpir` is not between min_fpir and max_fpir.
Result<Calibration> calibrate(const Snapshot& gallery, const Policy& base, const Cohort& cohort,
                              double fpir, std::size_t impostors,
                              const std::function<void()>& step = {});

/// Settings of calibration. They apply while no policy is stored with the gallery. `facebus
/// calibrate` also uses them, to compute the policy that it stores.
struct CalibrationOptions {
    double fpir = 0.01;  ///< target false positive identification rate
    Policy base{};       ///< policy in which calibration replaces threshold, slope and offset

    static void keys(auto& self, auto&& key) {
        key("fpir", self.fpir, Range{min_fpir, max_fpir},
            "target FPIR: share of unknown people who are falsely identified as an enrolled "
            "person; fpir, early, min_probes, margin and min_quality apply until `facebus "
            "calibrate` has stored a policy");
        Policy::keys(self.base, key);
    }
};

/// Calibrates, with the shipped cohort, a gallery that has no stored policy. To be fast, matches
/// only 10,000,000 / (number of samples) impostors with the gallery, but at least 200 and at most
/// 2,000. (`facebus calibrate` matches at least 2,000.) Equal arguments give equal results, so all
/// programs use the same policy. Errors: see calibrate().
Result<Calibration> calibrate_quickly(const Snapshot& gallery, const CalibrationOptions& options);

/// Result of a leave-one-out test of a gallery.
struct LeaveOneOut {
    std::size_t tested = 0;      ///< number of samples matched with the rest of the gallery
    std::size_t identified = 0;  ///< number of tested samples identified as their own subject
};
/// Takes up to 500 samples of subjects with at least two samples, in the order of the snapshot, and
/// matches each of them with the gallery without that sample. Applies the margin and the threshold
/// (without Policy::early) of the policy.
LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy);

}  // namespace facebus::gallery

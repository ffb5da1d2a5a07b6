// From a stated rate of false alarms to the policy of a gallery.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/cohort.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"

namespace facebus::gallery {

/// What a calibration came to.
struct Calibration {
    Policy policy;
    double fpir = 0;            ///< share of strangers that it lets be named
    std::size_t impostors = 0;  ///< that were drawn
    float threshold = 0;        ///< similarity that `known` takes in this gallery
    /// Added because the subjects of this gallery are more like each other than strangers are: the
    /// same cameras, the same family. 0 with fewer than `subjects_for_shift` subjects.
    float shift = 0;
    double tpir = 0;  ///< share of enrolled people who pass it, by the cohort's pictures
};

inline constexpr std::size_t subjects_for_shift = 5;
inline constexpr double min_fpir = 1e-5;
inline constexpr double max_fpir = 0.5;

/// How many strangers show a rate so that 50 of them lie above the threshold; at least 2,000, at
/// most 50,000.
std::size_t impostors_for(double fpir);

/// Sets threshold, slope and offset of `base` for the gallery; the rest of it stays. Strangers are
/// drawn from the cohort, fused from `min_probes` pictures as in a track, and matched with the
/// gallery; the threshold lets no more than `fpir` of them be named. The probability
/// follows from how often strangers and enrolled people reach a similarity, as if one were as
/// likely to come as the other. Takes strangers x samples comparisons and calls `step` after each
/// stranger, to show how far it is. The same for the same gallery. Refused: an empty gallery,
/// another model than the cohort's, `fpir` out of range.
Result<Calibration> calibrate(const Snapshot& gallery, const Policy& base, const Cohort& cohort,
                              double fpir, std::size_t strangers,
                              const std::function<void()>& step = {});

/// What a gallery that stores no policy is calibrated from.
struct CalibrationOptions {
    double fpir = 0.01;
    Policy base{};

    static void keys(auto& self, auto&& key) {
        key("fpir", self.fpir, Range{min_fpir, max_fpir},
            "false positive identification rate: share of unknown people that may be named; this "
            "and "
            "the next four options apply if the gallery has no policy from `facebus calibrate`");
        Policy::keys(self.base, key);
    }
};

/// The calibration of a gallery that stores no policy, with the shipped cohort; every program that
/// matches comes to the same. With as many strangers as a second or so allows, and at least 200;
/// `facebus calibrate` takes more. Refused as calibrate().
Result<Calibration> calibrate_in_time(const Snapshot& gallery, const CalibrationOptions& options);

/// Samples of a gallery that were looked for with their own subject's others, and how many of them
/// would be named rightly, as the last of enough good faces. At most 500.
struct LeaveOneOut {
    std::size_t tried = 0;
    std::size_t named = 0;
};
LeaveOneOut leave_one_out(const Snapshot& gallery, const Policy& policy);

}  // namespace facebus::gallery

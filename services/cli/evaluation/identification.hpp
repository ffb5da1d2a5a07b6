// Measures open-set identification: whether enrolled people are named, and impostors are not.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

struct IdentificationOptions {
    std::vector<std::size_t> samples{1, 3};  ///< enrolled images per person
    std::vector<std::size_t> probes{1, 3};   ///< images fused into one search
    std::size_t trials = 100;                ///< random divisions into enrolled and impostors
    float margin = 0;                        ///< minimum margin over the runner-up
};

/// Result for one number of samples per person and one number of fused probes.
struct Identification {
    std::size_t samples = 0;
    std::size_t probes = 0;
    double rank_one = 0;    ///< share of the mated searches whose best subject is correct
    ScoreCounts mated;      ///< similarity of the correct subject; -1 if another subject was best
                            ///< or the margin too small
    ScoreCounts impostors;  ///< best similarity of impostors; -1 if the margin was too small

    /// Returns the operating point at the lowest threshold that names at most the share `rate` of
    /// the impostors (FPIR). `true_accepts` is 1 - FNIR. Empty: too few impostors for this rate.
    [[nodiscard]] std::optional<OperatingPoint> at(double rate) const {
        return at_false_accepts(mated, impostors, rate);
    }
};

/// Results of all combinations, and the numbers of people.
struct IdentificationReport {
    std::size_t enrolled = 0;   ///< people in the gallery in each trial
    std::size_t mated = 0;      ///< enrolled people with enough images left for probes, on average
    std::size_t impostors = 0;  ///< people who are not enrolled, in each trial
    std::size_t trials = 0;
    std::vector<Identification> results;
};

/// Divides the people with enough images at random in each trial: one half is enrolled, each with
/// the same number of images; the others are impostors. A smaller number of samples or probes uses
/// the first images of a larger one, so that all results compare the same people and images.
/// Matching and fusion are those of the gallery. `results` is empty if fewer than 2 enrolled people
/// with probes, or 2 impostors, have enough images. Calls `step` after each trial.
IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step);

}  // namespace facebus::cli

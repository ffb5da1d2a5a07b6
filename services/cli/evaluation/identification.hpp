// Measures open-set identification: how often enrolled people and impostors are identified.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

struct IdentificationOptions {
    std::vector<std::size_t> samples{1, 3};  ///< numbers of enrolled images per person to try
    std::vector<std::size_t> probes{1, 3};   ///< numbers of images fused per search to try
    std::size_t trials = 100;                ///< number of random splits of the people
    float margin = 0;                        ///< minimum margin over the runner-up
};

/// Result for one number of samples per person and one number of fused probes.
struct Identification {
    std::size_t samples = 0;
    std::size_t probes = 0;
    double rank_one = 0;  ///< share of searches for enrolled people with the right best subject
    /// Similarities to the best subject in searches for enrolled people. -1 if that subject is
    /// wrong or its margin is too small.
    ScoreCounts mated;
    /// Similarities to the best subject in searches for impostors. -1 if the margin is too small.
    ScoreCounts impostors;

    /// Returns the operating point at which at most the share `rate` of the searches for impostors
    /// identify somebody (FPIR); see at_false_accepts(). Its `true_accepts` is 1 - FNIR. Empty: too
    /// few such searches for `rate`.
    [[nodiscard]] std::optional<OperatingPoint> at(double rate) const {
        return at_false_accepts(mated, impostors, rate);
    }
};

/// Results of all combinations, and the numbers of people.
struct IdentificationReport {
    std::size_t enrolled = 0;   ///< people in the gallery in each trial
    std::size_t mated = 0;      ///< of these, people with enough images for samples and probes:
                                ///< approximate average over the trials
    std::size_t impostors = 0;  ///< people in each trial who are not enrolled
    std::size_t trials = 0;
    std::vector<Identification> results;
};

/// In each trial, splits the people at random: enrols one half, each person with the same number of
/// images, and uses the other half as impostors. Omits people who have fewer images than the
/// largest number of samples or of probes. All results use the same people. A result with fewer
/// samples or probes uses the first of the images that the result with the most samples or probes
/// uses. Matches and fuses like the workers. Returns no `results` if fewer than four people have
/// enough images for the largest numbers of samples and probes together. Calls `step` after each
/// trial.
IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step);

}  // namespace facebus::cli

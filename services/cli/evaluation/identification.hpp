// Measures open-set identification: the rank-1 rate, and FNIR as a function of FPIR.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

struct IdentificationOptions {
    std::vector<std::size_t> samples{1, 3};  ///< numbers of samples per enrolled person
    std::vector<std::size_t> probes{1, 3};   ///< numbers of probes fused per search
    std::size_t trials = 100;                ///< number of random splits of the people
    float margin = 0;                        ///< minimum margin over the runner-up
};

/// Result for one combination of a number of samples per person and a number of probes per search.
struct Identification {
    std::size_t samples = 0;
    std::size_t probes = 0;
    double rank_one = 0;  ///< rank-1 rate of the searches for enrolled people
    /// Similarities to the best subject in searches for enrolled people. -1 if that subject is
    /// wrong or its margin is too small.
    ScoreCounts mated;
    /// Similarities to the best subject in searches for impostors. -1 if the margin is too small.
    ScoreCounts impostors;

    /// Returns the operating point at which the FPIR is at most `rate`, with 1 - FNIR as its
    /// `true_accepts`. The FPIR is the share of the searches for impostors in which somebody is
    /// identified. Returns nothing if there are too few searches for impostors to measure `rate`.
    /// See at_false_accepts().
    [[nodiscard]] std::optional<OperatingPoint> at(double rate) const {
        return at_false_accepts(mated, impostors, rate);
    }
};

/// Results for all combinations of IdentificationOptions::samples and probes.
struct IdentificationReport {
    std::size_t enrolled = 0;   ///< people in the gallery in each trial
    std::size_t mated = 0;      ///< enrolled people with enough images left for probes; approximate
                                ///< average over the trials
    std::size_t impostors = 0;  ///< people in each trial who are not enrolled
    std::size_t trials = 0;
    std::vector<Identification> results;
};

/// In each trial, splits the people at random into two halves. Enrols one half, each person with
/// the same number of samples, and uses the other half as impostors. Matches and fuses like the
/// workers.
///
/// Images without a face do not count. Omits people who have fewer images than the largest of all
/// numbers of samples and probes. All results use the same people, and the same images of a person
/// in the same order: a result with fewer samples or probes uses only the first ones. Searches for
/// an enrolled person only if enough images remain for the largest number of probes. Returns no
/// `results` if fewer than four people have enough images for the largest numbers of samples and
/// probes together. Calls `step` after each trial.
IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step);

}  // namespace facebus::cli

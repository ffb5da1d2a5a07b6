// Measures open-set identification: the rank-1 rate, and FNIR as a function of FPIR, with scores
// and with cosine similarities.
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
    /// Number of parts of the people for cross-validation: the people of each part are compared
    /// with a cohort of the other parts. 0: one part, and the cohort that ships.
    std::size_t folds = 0;
};

/// One search. The values are those of the best subject, or `missed` if that subject is wrong or
/// its margin is too small.
struct Search {
    static constexpr float missed = -1;
    std::size_t person = 0;  ///< index of the person searched for
    float score = missed;
    float cosine = missed;
};

/// Confidence interval.
struct Interval {
    double low = 0;
    double high = 0;
};

/// FNIR of the same searches with cosine similarities and with scores.
struct Comparison {
    double cosine = 0;     ///< FNIR with cosine similarities
    double score = 0;      ///< FNIR with scores
    Interval reduction{};  ///< 95% interval of 1 - score / cosine: bootstrap over people
};

/// Result for one combination of a number of samples per person and a number of probes per search.
struct Identification {
    std::size_t samples = 0;
    std::size_t probes = 0;
    std::size_t enrolled = 0;  ///< people in the gallery, average over the trials
    double rank_one = 0;       ///< rank-1 rate of the searches for enrolled people
    ScoreCounts mated;         ///< Search::score in searches for enrolled people
    ScoreCounts impostors;     ///< Search::score in searches for impostors
    std::vector<Search> mated_searches;
    std::vector<Search> impostor_searches;

    /// Returns the operating point at which the FPIR is at most `rate`, with 1 - FNIR as its
    /// `true_accepts`. The FPIR is the share of the searches for impostors in which somebody is
    /// identified. Returns nothing if there are too few searches for impostors to measure `rate`.
    /// See at_false_accepts().
    [[nodiscard]] std::optional<OperatingPoint> at(double rate) const {
        return at_false_accepts(mated, impostors, rate);
    }
    /// Compares scores with cosine similarities at this FPIR. Returns nothing if there are too few
    /// searches for impostors.
    [[nodiscard]] std::optional<Comparison> compare(double rate) const;
};

/// Results for all combinations of IdentificationOptions::samples and probes.
struct IdentificationReport {
    std::size_t enrolled = 0;   ///< people with enough images for the largest number of samples,
                                ///< per trial
    std::size_t mated = 0;      ///< those with enough images left for probes; approximate average
    std::size_t impostors = 0;  ///< people in each trial who are not enrolled
    std::size_t trials = 0;
    std::vector<Identification> results;
};

/// In each trial, splits the people of one fold at random into two halves. Enrols one half, each
/// person with the same number of samples, and uses the other half as impostors. Matches and fuses
/// like the workers.
///
/// Images without a face do not count. Each result uses all people with enough images: for the
/// samples if they are enrolled, for the probes if they are impostors, and for both if they are
/// searched for. Returns no `results` if fewer than four people have enough images for the largest
/// numbers of samples and probes together. Calls `step` after each trial. Throws FatalError if a
/// cohort cannot be fitted (see fit_cohort()).
IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step);

}  // namespace facebus::cli

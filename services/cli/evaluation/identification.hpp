// Open-set identification: who is it, and is it anybody at all?
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

struct IdentificationOptions {
    std::vector<std::size_t> samples{1, 3};  ///< enrolled pictures a person
    std::vector<std::size_t> probes{1, 3};   ///< pictures of a person that are fused into one probe
    std::size_t trials = 100;                ///< random divisions into enrolled and strangers
    float margin = 0;                        ///< least lead over the runner-up
};

/// What came out with so many samples a person and so many fused probes.
struct Identification {
    std::size_t samples = 0;
    std::size_t probes = 0;
    double first_rank = 0;  ///< share of the mated probes whose best subject is the right one
    ScoreCounts mated;      ///< similarity of the right subject; -1 where another one was best or
                            ///< the lead too small
    ScoreCounts strangers;  ///< best similarity of people who are not enrolled; -1 as above

    /// Share of the mated probes that are not named rightly (FNIR) at the threshold that names no
    /// more than `rate` of the strangers (FPIR). Empty: too few strangers to tell.
    [[nodiscard]] std::optional<OperatingPoint> at(double rate) const {
        return at_false_accepts(mated, strangers, rate);
    }
};

struct IdentificationReport {
    std::size_t enrolled = 0;   ///< people in the gallery in each trial
    std::size_t mated = 0;      ///< of them, people with enough other pictures to be looked for
    std::size_t strangers = 0;  ///< people who are not enrolled, in each trial
    std::size_t trials = 0;
    std::vector<Identification> results;
};

/// In each trial the people with enough pictures are divided at random; one half is enrolled, each
/// with the same number of pictures, the other half are strangers. Fewer samples and probes are the
/// first of more, so that columns and rows compare on the same people and pictures. Decides with
/// the gallery's own matching and fusion. Empty results: too few people with enough pictures (less
/// than 2 enrolled with probes, or 2 strangers). Calls `step` after each trial.
IdentificationReport identify(const FaceSet& set, const IdentificationOptions& options,
                              const std::function<void()>& step);

}  // namespace facebus::cli

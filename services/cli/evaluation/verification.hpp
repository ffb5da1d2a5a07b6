// Verification: do two pictures show the same person? The protocol of LFW (Huang et al. 2007), and
// the same question for all pairs of a folder.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

/// Two pictures of a FaceSet, by their places in it.
struct Pair {
    std::size_t first = 0;
    std::size_t second = 0;
    bool same = false;
    std::size_t fold = 0;
};

struct PairResult {
    Pair pair;
    float similarity = -1;  ///< -1 where one of the pictures shows no face
    bool right = false;     ///< by the threshold that the other folds gave
};

struct Verification {
    std::vector<PairResult> pairs;
    std::size_t folds = 0;
    double accuracy = 0;   ///< mean of the folds
    double deviation = 0;  ///< standard deviation of the folds' accuracies
    double threshold = 0;  ///< mean of the folds' thresholds
    ScoreCounts genuine;
    ScoreCounts impostor;
};

/// Reads pairs in LFW's format: a line `folds count` (or `count`), then for each fold `count` lines
/// `name number number` and `count` lines `name number name number`; picture 7 of a person is
/// name/name_0007.*. Throws StartupError (input) that names the line: malformed, or a picture that
/// the set does not have.
std::vector<Pair> read_pairs(const std::filesystem::path& file, const FaceSet& set);

/// Ten folds of random pairs of the set, each with as many same as different ones (300 or as many
/// as there are); the same pairs for the same set. Empty if nobody has two pictures.
std::vector<Pair> random_pairs(const FaceSet& set);

/// For each fold the threshold that is right most often on the other folds (with one fold: on
/// itself) decides. Precondition: pairs is not empty.
Verification verify(const FaceSet& set, const std::vector<Pair>& pairs);

/// The similarities of every two pictures of the set that show a face.
struct AllPairs {
    ScoreCounts genuine;
    ScoreCounts impostor;
};
AllPairs compare_all(const FaceSet& set);

}  // namespace facebus::cli

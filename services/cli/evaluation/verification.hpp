// Verification: whether two images show the same person. Implements the protocol of LFW (Huang et
// al. 2007), and compares all pairs of images of a FaceSet.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "cli/evaluation/scores.hpp"

namespace facebus::cli {

/// Two images of a FaceSet, as indices into FaceSet::images.
struct Pair {
    std::size_t first = 0;
    std::size_t second = 0;
    bool same = false;     ///< whether both images are of the same person
    std::size_t fold = 0;  ///< index of the subset for cross-validation
};

struct PairResult {
    Pair pair;
    float similarity = -1;  ///< -1 if at least one of the images has no face
    bool correct = false;   ///< whether verify() classified the pair correctly
};

/// Result of verify().
struct Verification {
    std::vector<PairResult> pairs;
    std::size_t folds = 0;
    double accuracy = 0;   ///< mean of the folds' accuracies
    double deviation = 0;  ///< standard deviation of the folds' accuracies
    double threshold = 0;  ///< mean of the folds' thresholds
    ScoreCounts genuine;   ///< similarities of pairs of the same person
    ScoreCounts impostor;  ///< similarities of pairs of different people
};

/// Reads pairs in LFW's format: a line `folds count` (or `count`), then for each fold `count` lines
/// `name number number` and `count` lines `name number name number`. Image 7 of a person is
/// name/name_0007.*. Throws FatalError (unavailable) if the file cannot be read. Throws FatalError
/// (input) with the line number if a line is missing or malformed, or if it names an image that is
/// not in the set.
std::vector<Pair> read_pairs(const std::filesystem::path& file, const FaceSet& set);

/// Returns random pairs in ten folds: up to 3,000 pairs of the same person and about as many pairs
/// of different people. The same set always gives the same pairs. Returns no pairs if no person has
/// two images.
std::vector<Pair> random_pairs(const FaceSet& set);

/// Classifies the pairs of each fold with the threshold that is correct most often on the other
/// folds. If there is only one fold, uses the threshold that is correct most often on that fold. A
/// pair in which an image has no face is classified as different people. Requires: `pairs` is not
/// empty.
Verification verify(const FaceSet& set, const std::vector<Pair>& pairs);

/// Similarities of all pairs of images.
struct AllPairs {
    ScoreCounts genuine;   ///< pairs of the same person
    ScoreCounts impostor;  ///< pairs of different people
};
/// Compares all pairs of images in the set. Skips images without a face.
AllPairs compare_all(const FaceSet& set);

}  // namespace facebus::cli

// Computes error rates from genuine scores and impostor scores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace facebus::cli {

/// Histogram of scores from -1 to 1 in steps of 1/20,000. Scores outside this range are clamped to
/// it. The memory does not grow with the number of scores.
class ScoreCounts {
  public:
    void add(float score);
    /// Returns the number of scores.
    [[nodiscard]] std::uint64_t total() const { return total_; }
    /// Returns the number of scores at or above the threshold, which is rounded to a step like the
    /// scores.
    [[nodiscard]] std::uint64_t at_least(double threshold) const;

    static constexpr std::size_t steps = 40'001;
    /// Returns the score at the centre of a step.
    static double value(std::size_t step) { return (static_cast<double>(step) - 20'000) / 20'000; }
    /// Returns the number of scores in a step.
    [[nodiscard]] std::uint64_t in_step(std::size_t step) const { return counts_[step]; }

  private:
    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(steps);
    std::uint64_t total_ = 0;
};

/// One point of a ROC or DET curve.
struct OperatingPoint {
    double threshold = 0;
    double false_accepts = 0;  ///< share of the impostor scores at or above the threshold
    double true_accepts = 0;   ///< share of the genuine scores at or above the threshold
};

/// Returns the point of curve() with the lowest threshold at which at most the share `rate` of the
/// impostor scores is accepted. If there is no such point, returns the threshold 1 with both shares
/// 0. Returns nothing if `rate` times the number of impostor scores is less than 1, because so few
/// scores cannot measure the rate.
std::optional<OperatingPoint> at_false_accepts(const ScoreCounts& genuine,
                                               const ScoreCounts& impostor, double rate);

/// Returns a point for each step that contains a score, from the highest threshold down.
std::vector<OperatingPoint> curve(const ScoreCounts& genuine, const ScoreCounts& impostor);

}  // namespace facebus::cli

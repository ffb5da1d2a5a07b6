// Error rates of a yes-or-no test from the scores of those it should accept and those it should
// not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace facebus::cli {

/// How often scores of -1 to 1 occurred, in steps of 1/20,000: constant memory for any number.
class ScoreCounts {
  public:
    void add(float score);
    [[nodiscard]] std::uint64_t total() const { return total_; }
    /// Scores in the steps from the threshold's upwards.
    [[nodiscard]] std::uint64_t at_least(double threshold) const;

    static constexpr std::size_t steps = 40'001;
    static double value(std::size_t step) { return (static_cast<double>(step) - 20'000) / 20'000; }
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

/// The lowest threshold at which no more than the share `rate` of the impostor scores is accepted.
/// Empty if that is less than one score: so few can't show so low a rate.
std::optional<OperatingPoint> at_false_accepts(const ScoreCounts& genuine,
                                               const ScoreCounts& impostor, double rate);

/// All thresholds at which a rate changes, from the strictest on.
std::vector<OperatingPoint> curve(const ScoreCounts& genuine, const ScoreCounts& impostor);

}  // namespace facebus::cli

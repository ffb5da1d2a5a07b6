#include "cli/evaluation/scores.hpp"

#include <algorithm>
#include <cmath>

namespace facebus::cli {
namespace {

/// Returns the step of a ScoreCounts that counts the score: from 0 for -1 to 40,000 for 1.
std::size_t step_of(double score) {
    return static_cast<std::size_t>(std::lround(std::clamp(score, -1.0, 1.0) * 20'000) + 20'000);
}

/// Returns part / all, or 0 if `all` is 0.
double share(std::uint64_t part, std::uint64_t all) {
    return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

}  // namespace

void ScoreCounts::add(float score) {
    ++counts_[step_of(static_cast<double>(score))];
    ++total_;
}

std::uint64_t ScoreCounts::at_least(double threshold) const {
    std::uint64_t sum = 0;
    for (std::size_t step = step_of(threshold); step < steps; ++step) sum += counts_[step];
    return sum;
}

std::vector<OperatingPoint> curve(const ScoreCounts& genuine, const ScoreCounts& impostor) {
    std::vector<OperatingPoint> points;
    std::uint64_t accepted_genuine = 0;
    std::uint64_t accepted_impostor = 0;
    for (std::size_t step = ScoreCounts::steps; step-- > 0;) {
        if (genuine.in_step(step) + impostor.in_step(step) == 0) continue;
        accepted_genuine += genuine.in_step(step);
        accepted_impostor += impostor.in_step(step);
        points.push_back({ScoreCounts::value(step), share(accepted_impostor, impostor.total()),
                          share(accepted_genuine, genuine.total())});
    }
    return points;
}

std::optional<OperatingPoint> at_false_accepts(const ScoreCounts& genuine,
                                               const ScoreCounts& impostor, double rate) {
    if (static_cast<double>(impostor.total()) * rate < 1) return std::nullopt;
    OperatingPoint best{ScoreCounts::value(ScoreCounts::steps - 1), 0, 0};
    for (const auto& point : curve(genuine, impostor)) {
        if (point.false_accepts > rate) break;
        best = point;
    }
    return best;
}

}  // namespace facebus::cli

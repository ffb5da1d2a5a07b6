// Statistics of the latency from capture to result, per pipeline step and in total.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wire/messages.hpp"

namespace facebus::results {

/// Collects the durations of the pipeline steps of results. Not thread-safe.
class Latency {
  public:
    /// Adds the durations of one result.
    void add(const wire::Identity& identity);

    /// Quantiles of the duration of a step, in milliseconds; 0 if there are no results.
    struct Quantiles {
        std::string_view name;  ///< name of the step, or "total"
        double p50 = 0;         ///< median
        double p99 = 0;         ///< 99th percentile
    };
    /// Returns the quantiles of each step, in pipeline order, and then those of the total latency.
    [[nodiscard]] std::vector<Quantiles> quantiles() const;
    /// Returns the quantiles as a table for the terminal.
    [[nodiscard]] std::string table() const;

    /// Returns the number of results.
    [[nodiscard]] std::size_t count() const { return total_.size(); }
    /// Returns the q-quantile of the total latency, in milliseconds; 0 if there are no results. `q`
    /// is from 0 to 1.
    [[nodiscard]] double total_ms(double q) const;

  private:
    std::array<std::vector<double>, wire::steps.size()> ms_;  ///< durations in ms, by step
    std::vector<double> total_;                               ///< total latencies in ms
};

}  // namespace facebus::results

// Measures the latency per stage from capture to result.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "wire/messages.hpp"

namespace facebus::results {

/// Collects the stage times of results. Not thread-safe.
class Latency {
  public:
    void add(const wire::Identity& identity);

    /// Quantiles in milliseconds; 0 if there are no results.
    struct Quantiles {
        std::string_view stage;
        double p50 = 0;
        double p99 = 0;
    };
    /// Returns the quantiles per stage in pipeline order, and last those of the total latency,
    /// called "total".
    [[nodiscard]] std::vector<Quantiles> quantiles() const;
    /// Returns the quantiles as a table for the terminal.
    [[nodiscard]] std::string table() const;

    [[nodiscard]] std::size_t count() const { return total_.size(); }
    /// Returns the q-quantile (0..1) of the total latency in milliseconds; 0 if there are no
    /// results.
    [[nodiscard]] double total_ms(double q) const;

  private:
    std::array<std::vector<double>, wire::steps.size()> ms_;  ///< per step
    std::vector<double> total_;
};

}  // namespace facebus::results

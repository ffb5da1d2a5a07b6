// Where the time from capture to result went.
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

    /// In milliseconds; 0 where there is no result.
    struct Quantiles {
        std::string_view stage;
        double p50 = 0;
        double p99 = 0;
    };
    /// Of each stage in the order of the flow, and last of the whole way, called "total".
    [[nodiscard]] std::vector<Quantiles> quantiles() const;
    /// The same as a table.
    [[nodiscard]] std::string table() const;

    [[nodiscard]] std::size_t count() const { return total_.size(); }
    /// The q-quantile (0..1) of the whole way in milliseconds; 0 if there is no result.
    [[nodiscard]] double total_ms(double q) const;

  private:
    std::array<std::vector<double>, wire::steps.size()> ms_;  ///< of each step
    std::vector<double> total_;
};

}  // namespace facebus::results

// Where the time from capture to result went.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "wire/messages.hpp"

namespace facebus::cli {

/// Collects the stage times of results. Not thread-safe.
class Latency {
  public:
    void add(const wire::Identity& identity);

    /// A table of p50 and p99 in milliseconds for each stage and in total.
    [[nodiscard]] std::string table() const;

    [[nodiscard]] std::size_t count() const { return total_.size(); }
    /// The q-quantile (0..1) of the whole way in milliseconds; 0 if there is no result.
    [[nodiscard]] double total_ms(double q) const;

  private:
    struct Stage {
        std::string_view name;
        std::vector<double> ms;
    };

    std::vector<Stage> stages_ = {{"capture", {}}, {"motion", {}}, {"detect-align", {}},
                                  {"track", {}},   {"queue", {}},  {"recognize", {}},
                                  {"publish", {}}};
    std::vector<double> total_;
};

}  // namespace facebus::cli

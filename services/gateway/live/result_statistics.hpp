// Result counts and latency over time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "results/latency.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Counts the results of the last hour in spans of ten seconds, by time of publication. Ignores
/// results older than that, and results more than one span in the future by this machine's clock.
/// Thread-safe.
class ResultStatistics {
  public:
    static constexpr std::int64_t span_seconds = 10;
    static constexpr std::size_t spans = 360;

    struct Span {
        std::int64_t start = 0;                               ///< ns UTC
        std::map<wire::Decision, std::uint64_t> decisions{};  ///< results by decision
        std::vector<results::Latency::Quantiles> latency{};   ///< by stage
    };

    void add(const wire::Identity& identity, std::int64_t now_ns);
    /// Returns the spans that have results, oldest first.
    [[nodiscard]] std::vector<Span> last_hour(std::int64_t now_ns) const;

  private:
    /// Further results of a span are counted but not measured, to bound memory.
    static constexpr std::size_t max_measured = 2000;

    struct Counts {
        std::map<wire::Decision, std::uint64_t> decisions;
        results::Latency latency;
    };

    mutable std::mutex mutex_;
    std::map<std::int64_t, Counts> spans_;  ///< by index: start / span_seconds
};

}  // namespace facebus::gateway

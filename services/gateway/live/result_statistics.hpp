// Statistics of the results of the last hour: counts and latency.
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

/// Statistics of the results of the last hour, in spans of ten seconds. A result belongs to the
/// span in which it was published. Skips results that were published before the last 360 spans, and
/// those whose time of publication is more than ten seconds ahead of this machine's clock.
/// Thread-safe.
class ResultStatistics {
  public:
    static constexpr std::int64_t span_seconds = 10;
    static constexpr std::size_t spans = 360;

    struct Span {
        std::int64_t start = 0;                               ///< start of the span, ns UTC
        std::map<wire::Decision, std::uint64_t> decisions{};  ///< number of results by decision
        std::vector<results::Latency::Quantiles> latency{};   ///< latency by step, and in total
    };

    /// Adds a result that was received at `now_ns`, in ns UTC.
    void add(const wire::Identity& identity, std::int64_t now_ns);
    /// Returns the spans of the hour before `now_ns` that contain results, oldest first.
    [[nodiscard]] std::vector<Span> last_hour(std::int64_t now_ns) const;

  private:
    /// Maximum number of results per span whose latency is recorded. Further results are only
    /// counted, to limit memory.
    static constexpr std::size_t max_measured = 2000;

    struct Counts {
        std::map<wire::Decision, std::uint64_t> decisions;
        results::Latency latency;
    };

    mutable std::mutex mutex_;
    std::map<std::int64_t, Counts> spans_;  ///< by index, which is start / span length
};

}  // namespace facebus::gateway

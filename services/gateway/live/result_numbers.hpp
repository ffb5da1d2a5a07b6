// How many results there were, and how long they took, over time.
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

/// Counts the results of the last hour by spans of ten seconds, in which they were published.
/// Results of the future, by this machine's clock, and of the time before are not counted.
/// Thread-safe.
class ResultNumbers {
  public:
    static constexpr std::int64_t span_seconds = 10;
    static constexpr std::size_t spans = 360;

    struct Span {
        std::int64_t start = 0;                               ///< ns UTC
        std::map<wire::Decision, std::uint64_t> decisions{};  ///< results by decision
        std::vector<results::Latency::Quantiles> latency{};
    };

    void add(const wire::Identity& identity, std::int64_t now_ns);
    /// Those with a result, oldest first.
    [[nodiscard]] std::vector<Span> since_an_hour(std::int64_t now_ns) const;

  private:
    /// Of one span: more results than this are counted, but not measured.
    static constexpr std::size_t most_measured = 2000;

    struct Counts {
        std::map<wire::Decision, std::uint64_t> decisions;
        results::Latency latency;
    };

    mutable std::mutex mutex_;
    std::map<std::int64_t, Counts> spans_;  ///< by their number since 1970
};

}  // namespace facebus::gateway

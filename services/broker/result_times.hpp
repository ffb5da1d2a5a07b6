// Measures the latency of results as histograms.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "wire/messages.hpp"

namespace facebus::broker {

/// Observes three times of each published result: from capture to publication, from each stage to
/// the next, and, for the first result of a track, from the start of the track. The stages write
/// the timestamps, so times between machines depend on their clocks; negative times count as zero.
/// The camera is not a label, because its name comes from the network. Not thread-safe.
class ResultTimes {
  public:
    explicit ResultTimes(Metrics& metrics);

    void started(const wire::Track& event);
    void ended(const wire::Track& event) { started_.erase(event.track); }
    void published(const wire::Identity& identity);

    /// Returns the number of tracks without a result.
    [[nodiscard]] std::size_t waiting() const { return started_.size(); }

    /// More tracks are not measured, because an edge may start tracks and never end them.
    static constexpr std::size_t max_waiting = 10'000;

  private:
    Histogram total_;
    Histogram first_;
    std::vector<Histogram> steps_;                           ///< from each step to the next
    std::unordered_map<std::string, std::int64_t> started_;  ///< start in ns UTC, by track
};

}  // namespace facebus::broker

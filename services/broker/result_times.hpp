// How long results take, as histograms.
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

/// Observes each published result: from capture to publication, from stage to stage, and from the
/// start of its track where it is the first one. Times are those that the stages wrote, so between
/// machines they are as good as the machines' clocks; a negative time counts as none. The camera is
/// no label, because its name comes from the network. Not thread-safe.
class ResultTimes {
  public:
    explicit ResultTimes(Metrics& metrics);

    void started(const wire::Track& event);
    void ended(const wire::Track& event) { started_.erase(event.track); }
    void published(const wire::Identity& identity);

    /// Tracks that wait for their first result.
    [[nodiscard]] std::size_t waiting() const { return started_.size(); }

    /// More of them are not measured: an edge may start tracks and never end them.
    static constexpr std::size_t most_waiting = 10'000;

  private:
    Histogram total_;
    Histogram first_;
    /// From each step to the next one.
    std::vector<Histogram> steps_;
    std::unordered_map<std::string, std::int64_t> started_;  ///< when, ns UTC, by track
};

}  // namespace facebus::broker

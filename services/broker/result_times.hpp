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

/// Measures published results: the time from capture to publication, the duration of each step,
/// and, for the first result of a track, the time from the start of the track to publication. The
/// timestamps come from the clocks of several machines, so a measured time can be negative; it then
/// counts as zero. The metrics have no label for the camera, because its name comes from the
/// network: any number of names could arrive. Not thread-safe.
class ResultTimes {
  public:
    explicit ResultTimes(Metrics& metrics);

    /// Records the start of a track, in ns UTC. `track`: an id that is unique over all edges.
    void record_start(const std::string& track, std::int64_t start);
    /// Records the end of a track.
    void record_end(const std::string& track) { started_.erase(track); }
    /// Measures a published result about a track.
    void record_result(const std::string& track, const wire::Identity& identity);

    /// Returns the number of tracks whose start was recorded, but neither their end nor a result.
    [[nodiscard]] std::size_t tracks_without_result() const { return started_.size(); }

    /// Maximum of tracks_without_result(). The starts of further tracks are not recorded. Limits
    /// the memory, because an edge might start tracks and never end them.
    static constexpr std::size_t max_tracks = 10'000;

  private:
    Histogram total_;               ///< from capture to publication
    Histogram first_;               ///< from the start of a track to its first result
    std::vector<Histogram> steps_;  ///< one per step, except the first step, which is not measured
    /// Tracks without a result: start in ns UTC, by track.
    std::unordered_map<std::string, std::int64_t> started_;
};

}  // namespace facebus::broker

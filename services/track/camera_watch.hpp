// Periodic reports about the cameras of this edge.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::track {

/// Counts the frames and open tracks of each camera and reports both numbers once per `interval`.
/// The reports show subscribers whether a camera delivers frames. If no reports arrive, the edge is
/// offline. Not thread-safe.
class CameraWatch {
  public:
    /// `configured`: cameras to report from the start, even if they never deliver a frame, for
    /// example because their address is wrong.
    CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                const std::vector<std::string>& configured = {});

    /// Counts a frame, or records the end of the stream.
    void record(const wire::Face& frame);
    /// Counts a track as open from its `started` event to its `ended` event. Ignores other events.
    void record(const wire::Track& event);

    /// Returns one report for each camera that is configured or has delivered a frame. Returns
    /// nothing if less than `interval` has elapsed since the last reports or, before the first
    /// reports, since the constructor was called.
    std::vector<wire::Camera> reports(Monotonic::time_point now, std::int64_t utc_ns);

    /// Returns the time at which the next reports are due.
    [[nodiscard]] Monotonic::time_point due() const { return due_; }

  private:
    struct State {
        wire::Camera report;
        std::uint64_t frames_before = 0;  ///< `report.frames` at the time of the last report
        std::set<std::string> tracks;     ///< ids of the open tracks
    };

    Monotonic::duration interval_;
    Monotonic::time_point due_;
    std::map<std::string, State> cameras_;
};

}  // namespace facebus::track

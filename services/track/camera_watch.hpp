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

/// Counts the frames and open tracks of each camera and reports them once per `interval`. From the
/// reports, subscribers can see whether a camera delivers frames. If the reports stop, the edge is
/// offline. Not thread-safe.
class CameraWatch {
  public:
    /// `configured`: cameras to report from the start, even if they never deliver a frame, for
    /// instance because of a wrong address.
    CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                const std::vector<std::string>& configured = {});

    /// Counts a frame, or records the end of the stream.
    void record(const wire::Face& frame);
    /// Adds or removes an open track if the event is its start or its end.
    void record(const wire::Track& event);

    /// Returns one report per camera that is configured or has delivered a frame, if `interval` has
    /// elapsed since the last reports (or since the constructor). Otherwise returns nothing.
    std::vector<wire::Camera> reports(Monotonic::time_point now, std::int64_t utc_ns);

    /// Returns when the next reports are due.
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

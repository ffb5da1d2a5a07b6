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

/// Counts the frames and open tracks of each camera and reports them once per `interval`. From
/// these reports a subscriber sees that a camera delivers no frames; if the reports stop, the edge
/// is offline. Not thread-safe.
class CameraWatch {
  public:
    /// `configured`: cameras that are reported from the start, even if they never deliver a frame
    /// (because of a wrong address, for instance).
    CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                const std::vector<std::string>& configured = {});

    /// Counts a frame, or notes the end of the stream.
    void see(const wire::Face& frame);
    /// Counts the tracks that started and have not ended.
    void see(const wire::Track& event);

    /// Returns one report per camera that is configured or has delivered a frame. Returns nothing
    /// before the interval is over.
    std::vector<wire::Camera> reports(Monotonic::time_point now, std::int64_t utc_ns);

    /// Returns when the next reports are due.
    [[nodiscard]] Monotonic::time_point due() const { return due_; }

  private:
    struct Seen {
        wire::Camera report;
        std::uint64_t frames_before = 0;  ///< `report.frames` at the time of the last report
        std::set<std::string> tracks;     ///< open tracks
    };

    Monotonic::duration interval_;
    Monotonic::time_point due_;
    std::map<std::string, Seen> cameras_;
};

}  // namespace facebus::track

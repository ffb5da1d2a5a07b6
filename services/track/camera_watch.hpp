// What comes of each camera at the end of the edge.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::track {

/// Counts frames and open tracks, and tells of them every `interval`. Whoever listens on the other
/// side of the network sees by it that a camera gives no picture, or that the edge is away. Not
/// thread-safe.
class CameraWatch {
  public:
    /// `configured`: cameras that are told of before they ever gave a frame, as one with a wrong
    /// address never does.
    CameraWatch(Monotonic::duration interval, Monotonic::time_point now,
                const std::vector<std::string>& configured = {});

    void see(const wire::Face& frame);
    void see(const wire::Track& event);

    /// A message for each camera that is configured or gave a frame, once the interval is over;
    /// none before.
    std::vector<wire::Camera> reports(Monotonic::time_point now, std::int64_t utc_ns);

    /// When the next are due.
    [[nodiscard]] Monotonic::time_point due() const { return due_; }

  private:
    struct Seen {
        wire::Camera report;
        std::uint64_t frames_before = 0;  ///< when the last report was made
        std::set<std::string> tracks;
    };

    Monotonic::duration interval_;
    Monotonic::time_point due_;
    std::map<std::string, Seen> cameras_;
};

}  // namespace facebus::track

// Latest state of each camera and of the broker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

enum class CameraState {
    live,       ///< none of the states below applies
    no_frames,  ///< the edge is online, but the latest frame is over 5 s old or missing
    ended,      ///< the camera is a file or folder that was read to its end
    offline,    ///< no message about the camera for more than 10 s
};
std::string to_string(CameraState state);

/// State of one camera.
struct CameraEntry {
    std::string name;
    CameraState state = CameraState::offline;
    double last_message_ago = 0;           ///< seconds since the latest message about the camera
    std::optional<wire::Camera> report{};  ///< latest report of the edge; empty if there is none
    /// Number of results that the gateway has received since it started, including older results
    /// that it has read from the history.
    std::uint64_t results = 0;
};

/// Keeps the latest state of up to 1,000 cameras and of the broker. Thread-safe.
class CameraBoard {
  public:
    /// Records a result. `published` is the time of its publication. This time can be long ago,
    /// because missed results are read later from the history.
    void update(const wire::Identity& identity, Monotonic::time_point published);
    /// Records a message that was received at the time `now`.
    void update(const wire::Track& event, Monotonic::time_point now);
    void update(const wire::Camera& report, Monotonic::time_point now);
    void update(const wire::Status& status, Monotonic::time_point now);

    /// Returns all cameras, sorted by name.
    [[nodiscard]] std::vector<CameraEntry> cameras(Monotonic::time_point now) const;

    struct Broker {
        wire::Status status;
        double last_message_ago = 0;  ///< seconds since the status was received
    };
    /// Returns the latest status of the broker, or nothing if none has been received yet.
    [[nodiscard]] std::optional<Broker> broker(Monotonic::time_point now) const;

  private:
    struct Entry {
        Monotonic::time_point last_message;
        std::optional<wire::Camera> report;
        std::uint64_t results = 0;
    };
    /// Sets the time of the camera's latest message to `now`, unless it is already later. Returns
    /// the camera's entry, or null if the camera is new and there are already 1,000.
    Entry* touch(const std::string& camera, Monotonic::time_point now);

    mutable std::mutex mutex_;
    std::map<std::string, Entry> cameras_;
    std::optional<wire::Status> status_;
    Monotonic::time_point status_received_;
};

}  // namespace facebus::gateway

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
    live,       ///< frames arrive
    no_frames,  ///< the edge is online, but the camera delivers no frames
    ended,      ///< a file that was read to its end
    offline,    ///< no messages from the edge
};
std::string to_string(CameraState state);

/// State of one camera.
struct CameraEntry {
    std::string name;
    CameraState state = CameraState::offline;
    double last_message_ago = 0;           ///< seconds since the latest message
    std::optional<wire::Camera> report{};  ///< the latest, if the edge sends reports
    std::uint64_t results = 0;             ///< received by this gateway
};

/// Remembers the latest messages about each camera and the broker, without faces or names.
/// Thread-safe.
class CameraBoard {
  public:
    /// `published` is the time of publication, which can be long ago if the result was missed and
    /// read from the history.
    void update(const wire::Identity& identity, Monotonic::time_point published);
    void update(const wire::Track& event, Monotonic::time_point now);
    void update(const wire::Camera& report, Monotonic::time_point now);
    void update(const wire::Status& status, Monotonic::time_point now);

    /// Returns all cameras, sorted by name.
    [[nodiscard]] std::vector<CameraEntry> cameras(Monotonic::time_point now) const;

    struct Broker {
        wire::Status status;
        double last_message_ago = 0;  ///< seconds
    };
    /// Returns the latest status of the broker, or nothing before the first.
    [[nodiscard]] std::optional<Broker> broker(Monotonic::time_point now) const;

  private:
    struct Entry {
        Monotonic::time_point last_message;
        std::optional<wire::Camera> report;
        std::uint64_t results = 0;
    };
    /// Returns the entry of the camera with its time updated, or null if the board is full.
    Entry* touch(const std::string& camera, Monotonic::time_point now);

    mutable std::mutex mutex_;
    std::map<std::string, Entry> cameras_;
    std::optional<wire::Status> status_;
    Monotonic::time_point status_received_;
};

}  // namespace facebus::gateway

// How the cameras are, as far as the results tell.
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
    live,    ///< frames come
    silent,  ///< the edge is there, and its camera gives no picture
    ended,   ///< a file that was read to its end
    away,    ///< nothing is heard of the edge any more
};
std::string to_string(CameraState state);

/// What is known of one camera.
struct CameraEntry {
    std::string name;
    CameraState state = CameraState::away;
    double heard_ago = 0;                  ///< seconds since any message
    std::optional<wire::Camera> report{};  ///< the latest; none from an edge that sends none
    std::uint64_t results = 0;             ///< that the gateway has heard of
};

/// Remembers the latest of each camera, and of the broker; no faces and no names. Thread-safe.
class CameraBoard {
  public:
    /// `published`: when it was, which is long ago where it was missed and read later.
    void see(const wire::Identity& identity, Monotonic::time_point published);
    void see(const wire::Track& event, Monotonic::time_point now);
    void see(const wire::Camera& report, Monotonic::time_point now);
    void see(const wire::Status& status, Monotonic::time_point now);

    /// In the order of their names.
    [[nodiscard]] std::vector<CameraEntry> cameras(Monotonic::time_point now) const;

    struct Broker {
        wire::Status status;
        double heard_ago = 0;  ///< seconds
    };
    [[nodiscard]] std::optional<Broker> broker(Monotonic::time_point now) const;

  private:
    struct Seen {
        Monotonic::time_point heard;
        std::optional<wire::Camera> report;
        std::uint64_t results = 0;
    };
    /// The camera's entry; nothing where there are too many cameras already.
    Seen* heard(const std::string& camera, Monotonic::time_point now);

    mutable std::mutex mutex_;
    std::map<std::string, Seen> cameras_;
    std::optional<wire::Status> status_;
    Monotonic::time_point status_came_;
};

}  // namespace facebus::gateway

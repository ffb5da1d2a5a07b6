// Liveness of a service.
#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace facebus {

/// Heartbeat of a service. Its loops call beat() regularly, even while they wait for input. The
/// health check reads the age of the last beat. Thread-safe.
class Heartbeat {
  public:
    /// `first` is the time of the first beat.
    explicit Heartbeat(Monotonic::time_point first = Monotonic::now())
        : last_(first.time_since_epoch().count()) {}

    void beat() { last_.store(Monotonic::now().time_since_epoch().count()); }

    /// Returns the time since the last beat.
    [[nodiscard]] Monotonic::duration age() const {
        return Monotonic::now().time_since_epoch() - Monotonic::duration(last_.load());
    }

    /// Returns whether the last beat is at most 10 s old.
    [[nodiscard]] bool alive() const { return age() <= std::chrono::seconds(10); }

  private:
    std::atomic<Monotonic::rep> last_;
};

}  // namespace facebus

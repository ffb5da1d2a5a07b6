// Liveness of a service.
#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace facebus {

/// Heartbeat of a service. Its loops call beat() regularly, even while they wait for input. The
/// health check reads the age of the last beat. Thread-safe.
class Heartbeat {
  public:
    void beat() { last_.store(Monotonic::now().time_since_epoch().count()); }

    /// Returns the time since the last beat, or since construction if there was none.
    [[nodiscard]] Monotonic::duration age() const {
        return Monotonic::now().time_since_epoch() - Monotonic::duration(last_.load());
    }

  private:
    std::atomic<Monotonic::rep> last_ = Monotonic::now().time_since_epoch().count();
};

}  // namespace facebus

// Whether the main loop of a service still turns.
#pragma once

#include <atomic>

#include "base/clock.hpp"

namespace facebus {

/// The main loop beats at least once a second, also while it waits; a health check reads how long
/// ago that was. Thread-safe.
class Pulse {
  public:
    void beat() { last_.store(Monotonic::now().time_since_epoch().count()); }

    [[nodiscard]] Monotonic::duration age() const {
        return Monotonic::now().time_since_epoch() - Monotonic::duration(last_.load());
    }

  private:
    std::atomic<Monotonic::rep> last_ = Monotonic::now().time_since_epoch().count();
};

}  // namespace facebus

// Pings the watchdog of the supervisor, such as systemd, while the service is alive.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "base/heartbeat.hpp"

namespace facebus::service {

/// Returns how long the supervisor waits for a ping before it restarts this process. Returns
/// nothing if the supervisor does not watch this process. Reads WATCHDOG_USEC and WATCHDOG_PID, as
/// systemd's sd_watchdog_enabled(3) does.
std::optional<std::chrono::microseconds> watchdog_timeout();

/// Thread that calls a function, `ping`, at intervals of half the watchdog's timeout, but only
/// while the heartbeat is alive. The supervisor therefore restarts a service whose main loop hangs.
class Watchdog {
  public:
    using Ping = std::function<void()>;

    /// Requires: `heartbeat` outlives this object.
    Watchdog(const Heartbeat& heartbeat, std::chrono::microseconds timeout, Ping ping);

    /// Pings if the heartbeat is alive. Returns the time until the next check.
    [[nodiscard]] std::chrono::microseconds check() const;

  private:
    void run(const std::stop_token& stopped);

    const Heartbeat& heartbeat_;
    std::chrono::microseconds timeout_;
    Ping ping_;
    std::mutex mutex_;
    std::condition_variable_any stopped_;
    std::jthread thread_;
};

}  // namespace facebus::service

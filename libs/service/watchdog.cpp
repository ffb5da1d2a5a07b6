#include "service/watchdog.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace facebus::service {
namespace {

/// Returns the positive number in an environment variable, or nothing.
std::optional<std::int64_t> number(const char* variable) {
    const char* value = std::getenv(variable);
    if (value == nullptr) return std::nullopt;
    const std::string_view text(value);
    std::int64_t parsed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc() || end != text.data() + text.size() || parsed <= 0)
        return std::nullopt;
    return parsed;
}

}  // namespace

std::optional<std::chrono::microseconds> watchdog_timeout() {
    const auto timeout = number("WATCHDOG_USEC");
    // A child process of the supervised one inherits its variables.
    const bool other = std::getenv("WATCHDOG_PID") != nullptr && number("WATCHDOG_PID") != getpid();
    if (!timeout || other) return std::nullopt;
    return std::chrono::microseconds(*timeout);
}

Watchdog::Watchdog(const Heartbeat& heartbeat, std::chrono::microseconds timeout, Ping ping)
    : heartbeat_(heartbeat),
      timeout_(timeout),
      ping_(std::move(ping)),
      thread_([this](const std::stop_token& stopped) { run(stopped); }) {}

std::chrono::microseconds Watchdog::check() const {
    if (heartbeat_.alive()) {
        ping_();
        return timeout_ / 2;
    }
    // Ping soon after the loop continues, because part of the timeout has passed.
    return std::min<std::chrono::microseconds>(timeout_ / 2, std::chrono::seconds(1));
}

void Watchdog::run(const std::stop_token& stopped) {
    std::unique_lock lock(mutex_);
    auto wait = timeout_ / 2;  // the supervisor counts the start of the service as a ping
    while (true) {
        stopped_.wait_for(lock, stopped, wait, [] { return false; });
        if (stopped.stop_requested()) return;
        wait = check();
    }
}

}  // namespace facebus::service

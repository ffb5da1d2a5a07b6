// Time as it stands in messages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace facebus {

/// Nanoseconds since 1970-01-01 UTC. For time stamps; may jump when the clock is set.
std::int64_t utc_ns();

/// For intervals and deadlines: never jumps.
using Monotonic = std::chrono::steady_clock;

/// ISO 8601 with milliseconds, UTC: 2026-01-31T12:00:00.000Z
std::string iso8601(std::int64_t utc_ns);

}  // namespace facebus

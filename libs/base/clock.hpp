// Wall clock for time stamps and monotonic clock for intervals.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace facebus {

/// Returns nanoseconds since 1970-01-01 UTC. For time stamps: jumps when the clock is set.
std::int64_t utc_ns();

/// Clock for intervals and deadlines; never jumps.
using Monotonic = std::chrono::steady_clock;

/// Returns the time in ISO 8601 with milliseconds, UTC: 2026-01-31T12:00:00.000Z
std::string iso8601(std::int64_t utc_ns);

}  // namespace facebus

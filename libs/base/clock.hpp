// Wall clock for timestamps, and monotonic clock for intervals.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace facebus {

/// Returns the Unix time in nanoseconds. Use it for timestamps only: it jumps when the system clock
/// is set.
std::int64_t utc_ns();

/// Clock for intervals and deadlines; never jumps.
using Monotonic = std::chrono::steady_clock;

/// Returns a Unix time in nanoseconds as ISO 8601 in UTC, rounded down to milliseconds:
/// 2026-01-31T12:00:00.000Z
std::string iso8601(std::int64_t utc_ns);

}  // namespace facebus

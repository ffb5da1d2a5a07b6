// Request headers and retries of webhooks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/random.hpp"

namespace facebus::gateway {

/// Returns the headers of a delivery, including the id of the result, the time of this attempt (in
/// seconds), and an HMAC-SHA-256 signature over time and body; see docs/mqtt-and-webhooks.md.
std::map<std::string, std::string> webhook_headers(const std::string& id, std::int64_t unix_time,
                                                   const std::string& body,
                                                   const std::string& secret);

/// Outcome of an attempt to deliver a result.
enum class WebhookOutcome {
    delivered,    ///< status 2xx
    unavailable,  ///< the receiver accepts no results now: status 408, 429, 502, 503 or 504
    refused,      ///< the receiver works, but refuses this result: any other status
};
/// Returns the outcome of an attempt whose response has this HTTP status.
WebhookOutcome webhook_outcome(int status);

/// Exponential backoff with jitter. The delay doubles after every failed attempt, from one second
/// up to five minutes. Each delay is shortened by a random part of up to half of it, so that many
/// senders do not retry at the same time.
class Backoff {
  public:
    using Time = std::chrono::milliseconds;

    explicit Backoff(std::uint64_t seed) : random_(seed) {}

    /// Returns the delay before the next attempt. `retry_after` is the value of the header
    /// Retry-After, or empty. If it is a number of seconds, the delay is at least that long, but at
    /// most one hour.
    Time next(const std::string& retry_after = {});
    /// Starts again with the shortest delay. Must be called after a successful attempt.
    void reset() { attempts_ = 0; }

  private:
    Random random_;
    int attempts_ = 0;  ///< calls of next() since the last reset()
};

}  // namespace facebus::gateway

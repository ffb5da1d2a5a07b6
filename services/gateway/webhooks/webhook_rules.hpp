// Signature and retry rules of webhooks.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/random.hpp"

namespace facebus::gateway {

/// Returns the headers of a delivery: its id, the time of sending, and an HMAC-SHA-256 signature
/// over time and body. docs/mqtt-and-webhooks.md describes how to verify it.
std::map<std::string, std::string> webhook_headers(const std::string& id, std::int64_t unix_time,
                                                   const std::string& body,
                                                   const std::string& secret);

enum class WebhookOutcome {
    delivered,
    retry,          ///< temporary error: status 408, 429 or 5xx
    dead_lettered,  ///< permanent error: any other status; the result is skipped
};
WebhookOutcome webhook_outcome(int status);

/// Exponential backoff with jitter: the delay doubles from half a second up to a minute, and each
/// is shortened by a random amount of up to half, so that many senders do not retry together.
class Backoff {
  public:
    using Time = std::chrono::milliseconds;

    explicit Backoff(std::uint64_t seed) : random_(seed) {}

    /// Returns the next delay: at least the server's Retry-After, if it is given in seconds, but
    /// never more than an hour.
    Time next(const std::string& retry_after = {});
    void reset() { attempts_ = 0; }

  private:
    Random random_;
    int attempts_ = 0;
};

}  // namespace facebus::gateway

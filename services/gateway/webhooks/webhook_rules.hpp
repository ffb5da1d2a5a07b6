// How a webhook signs, and when it tries again.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/random.hpp"

namespace facebus::gateway {

/// The headers of a delivery: what it is known by, when it was sent, and the proof that both the
/// time and the body are ours. docs/mqtt-and-webhooks.md says how to check it.
std::map<std::string, std::string> webhook_headers(const std::string& id, std::int64_t unix_time,
                                                   const std::string& body,
                                                   const std::string& secret);

enum class WebhookOutcome {
    delivered,
    retry,      ///< the receiver can't now
    set_aside,  ///< it does not want this one, and would not the next time
};
WebhookOutcome webhook_outcome(int status);

/// The waits between tries: doubled each time up to a bound, each shortened at random by up to a
/// half, so that many senders do not come back together.
class Backoff {
  public:
    using Time = std::chrono::milliseconds;

    explicit Backoff(std::uint64_t seed) : random_(seed) {}

    /// The next wait; at least what the server asked for by Retry-After, if it gave seconds, up to
    /// an hour.
    Time next(const std::string& retry_after = {});
    void reset() { tries_ = 0; }

  private:
    Random random_;
    int tries_ = 0;
};

}  // namespace facebus::gateway

// Token-bucket rate limit per client.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"

namespace facebus::gateway {

/// One token bucket per client. Each holds up to `burst` requests and refills with `rate` requests
/// per second. Thread-safe.
class RateLimit {
  public:
    /// `rate` 0 disables the limit.
    RateLimit(double rate, double burst) : rate_(rate), burst_(burst) {}

    /// Returns whether the client may send a request at the time `now`. If so, removes one request
    /// from its bucket.
    bool take(const std::string& client, Monotonic::time_point now);

  private:
    struct Bucket {
        double requests;               ///< requests left in the bucket at the time `filled`
        Monotonic::time_point filled;  ///< time when `requests` was last computed
    };

    double rate_;
    double burst_;
    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;  ///< by client
};

}  // namespace facebus::gateway

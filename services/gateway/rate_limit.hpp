// Token-bucket rate limit per client.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"

namespace facebus::gateway {

/// One token bucket per client. It holds up to `burst` requests and refills with `rate` requests
/// per second. Thread-safe.
class RateLimit {
  public:
    /// `rate` 0 disables the limit.
    RateLimit(double rate, double burst) : rate_(rate), burst_(burst) {}

    /// Consumes one request if the client has one left, and returns whether it had.
    bool take(const std::string& client, Monotonic::time_point now);

  private:
    struct Bucket {
        double requests;
        Monotonic::time_point filled;
    };

    double rate_;
    double burst_;
    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;  ///< at most one per API key
};

}  // namespace facebus::gateway

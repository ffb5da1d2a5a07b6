// How often one client may ask.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"

namespace facebus::gateway {

/// A bucket for each client that holds `burst` requests and fills with `rate` of them a second.
/// Thread-safe.
class RateLimit {
  public:
    /// `rate` 0: no limit.
    RateLimit(double rate, double burst) : rate_(rate), burst_(burst) {}

    /// Whether the client may ask now; if so, it has.
    bool take(const std::string& client, Monotonic::time_point now);

  private:
    struct Bucket {
        double requests;
        Monotonic::time_point filled;
    };

    double rate_;
    double burst_;
    std::mutex mutex_;
    std::map<std::string, Bucket> buckets_;  ///< as many as there are keys
};

}  // namespace facebus::gateway

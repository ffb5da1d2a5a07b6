#include "gateway/rate_limit.hpp"

#include <algorithm>
#include <chrono>

namespace facebus::gateway {

bool RateLimit::take(const std::string& client, Monotonic::time_point now) {
    if (rate_ <= 0) return true;
    const std::lock_guard lock(mutex_);
    auto& bucket = buckets_.try_emplace(client, burst_, now).first->second;
    // `now` can be slightly before `filled`: callers read the clock before this function locks the
    // mutex, so another thread with a later time may have been faster.
    now = std::max(now, bucket.filled);
    const double elapsed = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.requests = std::min(burst_, bucket.requests + elapsed * rate_);
    bucket.filled = now;
    if (bucket.requests < 1) return false;
    bucket.requests -= 1;
    return true;
}

}  // namespace facebus::gateway

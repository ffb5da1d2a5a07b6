// The probes of each track, shared with the other workers.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "service/runtime.hpp"

namespace facebus::recognize {

/// Remembers the probes of each track in Redis, where all workers see them, and in this process for
/// when Redis is unavailable. Not thread-safe.
class TrackCache {
  public:
    TrackCache(service::Runtime& runtime, const gallery::RedisOptions& redis, int ttl_seconds,
               const std::string& model_id);

    /// Adds `probe` to its track and returns the probes of that track, this one included, ordered
    /// by id. While Redis is unavailable it is tried again every two seconds only, and the probes
    /// that this process saw are returned.
    std::vector<gallery::Probe> remember(const std::string& track, const gallery::Probe& probe);

  private:
    const std::vector<gallery::Probe>& keep(const std::string& track, const gallery::Probe& probe);

    service::Runtime& runtime_;
    gallery::TrackMemory shared_;
    std::unordered_map<std::string, std::vector<gallery::Probe>> own_;
    std::deque<std::string> order_;  ///< of the tracks in own_, oldest first
    Monotonic::time_point next_try_;
};

}  // namespace facebus::recognize

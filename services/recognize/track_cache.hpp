// The probes of each track, shared with the other workers through Redis.
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

/// Stores the probes of each track in Redis, which all workers share. Also keeps in memory, for the
/// latest 1,000 tracks, the probes that this process has received, to use them while Redis is
/// unavailable. Not thread-safe.
class TrackCache {
  public:
    /// Throws `FatalError` (config) if `redis` is invalid. `ttl_seconds` and `model_id`: see
    /// gallery::TrackMemory.
    TrackCache(service::Runtime& runtime, const gallery::RedisOptions& redis, int ttl_seconds,
               const std::string& model_id);

    /// Adds `probe` to the track and returns all probes of the track, including this one, sorted by
    /// id. While Redis is unavailable, returns only the probes in memory, in order of arrival, and
    /// tries Redis again every two seconds. A track has at most gallery::max_track_probes; further
    /// ones are neither stored nor returned.
    std::vector<gallery::Probe> remember(const std::string& track, const gallery::Probe& probe);

  private:
    const std::vector<gallery::Probe>& keep(const std::string& track, const gallery::Probe& probe);

    service::Runtime& runtime_;
    gallery::TrackMemory shared_;
    std::unordered_map<std::string, std::vector<gallery::Probe>> own_;  ///< by track
    std::deque<std::string> order_;   ///< tracks in own_, oldest first
    Monotonic::time_point next_try_;  ///< when to use Redis again
};

}  // namespace facebus::recognize

// Stores the probes of each track, shared with the other workers.
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

/// Stores the probes of each track in Redis, where all workers see them. Also keeps those of this
/// process in memory, for times when Redis is unavailable. Not thread-safe.
class TrackCache {
  public:
    TrackCache(service::Runtime& runtime, const gallery::RedisOptions& redis, int ttl_seconds,
               const std::string& model_id);

    /// Adds `probe` to its track and returns the probes of that track, this one included, ordered
    /// by id. While Redis is unavailable, tries it only every two seconds, and returns the probes
    /// that this process has seen.
    std::vector<gallery::Probe> remember(const std::string& track, const gallery::Probe& probe);

  private:
    const std::vector<gallery::Probe>& keep(const std::string& track, const gallery::Probe& probe);

    service::Runtime& runtime_;
    gallery::TrackMemory shared_;
    std::unordered_map<std::string, std::vector<gallery::Probe>> own_;
    std::deque<std::string> order_;  ///< tracks in own_, oldest first
    Monotonic::time_point next_try_;
};

}  // namespace facebus::recognize

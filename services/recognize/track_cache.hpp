// The probes of each track, shared with the other workers through Redis.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "service/runtime.hpp"

namespace facebus::recognize {

/// Stores the probes of each track in Redis, which all workers share. Also keeps in memory the
/// probes that this process has received, to use them while Redis is unavailable: of the latest
/// 1,000 tracks, each for `ttl_seconds` after its last probe, like Redis. Not thread-safe.
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
    std::vector<gallery::Probe> remember(const std::string& track, const gallery::Probe& probe,
                                         Monotonic::time_point now = Monotonic::now());
    /// Drops the expired tracks in memory. Must be called periodically.
    void expire(Monotonic::time_point now = Monotonic::now());
    /// Returns the number of tracks in memory.
    [[nodiscard]] std::size_t tracks() const { return own_.size(); }

  private:
    struct OwnTrack {
        std::vector<gallery::Probe> probes{};
        Monotonic::time_point last{};  ///< when the last probe arrived
    };

    const std::vector<gallery::Probe>& keep(const std::string& track, const gallery::Probe& probe,
                                            Monotonic::time_point now);

    service::Runtime& runtime_;
    std::chrono::seconds ttl_;
    gallery::TrackMemory shared_;
    std::unordered_map<std::string, OwnTrack> own_;  ///< by track
    Monotonic::time_point next_try_;                 ///< when to use Redis again
};

}  // namespace facebus::recognize

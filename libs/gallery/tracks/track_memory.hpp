// The probes of each track, shared by all workers through Redis.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Maximum number of probes stored per track.
inline constexpr std::size_t max_track_probes = 64;

/// Store of the probes of each track, shared by all workers. A track expires `ttl_seconds` after
/// its last probe. Appending a probe twice has no effect. Not thread-safe. Errors as in class
/// Redis.
class TrackMemory {
  public:
    /// append() returns only probes that were made by the model `model_id`.
    TrackMemory(RedisOptions options, int ttl_seconds, std::string model_id = {});

    /// Stores the probe under its id and returns all probes of the track, including this one, in
    /// the order of their ids. Silently drops the probe if the track has max_track_probes. Omits
    /// and counts stored probes that do not decode. Fails with `malformed` if an id is empty, the
    /// quality is not in 0..1, or the embedding does not have length 1.
    Result<std::vector<Probe>> append(const std::string& track, const Probe& probe);

    /// Returns the number of stored probes omitted because they did not decode.
    [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

  private:
    Redis redis_;
    int ttl_seconds_;
    std::string model_id_;
    std::uint64_t damaged_ = 0;
};

}  // namespace facebus::gallery

// What Redis remembers of a track.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Probes that are remembered of one track.
inline constexpr std::size_t max_track_probes = 64;

/// The probes of each track, shared by all workers, forgotten `ttl` seconds after the last one.
/// A probe that comes again changes nothing. Not thread-safe. Errors as in gallery/redis.hpp.
class TrackMemory {
  public:
    /// `model_id` is the worker's: probes that another model made are not given back.
    TrackMemory(RedisOptions options, int ttl_seconds, std::string model_id = {});

    /// Stores the probe under its id and gives all probes of the track, this one included, in the
    /// order of their ids. A track that has max_track_probes already takes no more: further ones
    /// are quietly left out. What does not decode is left out and counted. Malformed: the probe has
    /// no unit vector, no quality in 0..1, or no id, or the track has none.
    Result<std::vector<Probe>> append(const std::string& track, const Probe& probe);

    /// Stored probes that were left out because they did not decode.
    [[nodiscard]] std::uint64_t damaged() const { return damaged_; }

  private:
    Redis redis_;
    int ttl_seconds_;
    std::string model_id_;
    std::uint64_t damaged_ = 0;
};

}  // namespace facebus::gallery

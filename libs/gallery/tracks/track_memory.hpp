// Stores the probes of each track in Redis, where all workers can read them.
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
/// the last append(). A probe with an id that is already stored is not stored again. Not
/// thread-safe. Errors: see class Redis.
class TrackMemory {
  public:
    /// `model_id`: id of the model that computes the embeddings of the probes passed to append().
    TrackMemory(RedisOptions options, int ttl_seconds, std::string model_id);

    /// Stores the probe under its id and returns all probes of the track, sorted by id. Silently
    /// drops the probe if the track already has max_track_probes. Omits stored probes of other
    /// models and stored probes that cannot be decoded; counts the latter (see damaged_probes()).
    /// If an omitted probe has the id of `probe`, returns `probe` in its place. Fails with
    /// `malformed` if `track` or the id of the probe is empty, the quality is not in 0..1, or the
    /// embedding is not a unit vector.
    Result<std::vector<Probe>> append(const std::string& track, const Probe& probe);

    /// Returns how many times append() read a stored probe that cannot be decoded.
    [[nodiscard]] std::uint64_t damaged_probes() const { return damaged_probes_; }

  private:
    Redis redis_;
    int ttl_seconds_;
    std::string model_id_;
    std::uint64_t damaged_probes_ = 0;
};

}  // namespace facebus::gallery

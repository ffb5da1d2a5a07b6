// Erases the traces of a removed subject outside the gallery: in the memory of tracks and in
// Redis's files on disk.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Similarity above which two embeddings could show the same person. It is far below the usual
/// decision thresholds. Nearly all pairs of embeddings of one person are above it, and most pairs
/// of embeddings of two people are below it.
inline constexpr float plausible_match = 0.3F;

/// Deletes the memory of every track that could show the person in `samples`, even if no result
/// names the person: every track with a probe whose similarity to a sample is above
/// plausible_match, and every track whose memory is damaged. If this deletes the memory of a track
/// of another person, that track only has to collect its probes again. Errors: see class Redis;
/// also `malformed` if the reply to SCAN is invalid.
Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples);

/// Makes Redis rewrite its files on disk in the background. Until then, the files contain deleted
/// data. Returns the commands that Redis rejected and an administrator must run instead, such as
/// "BGREWRITEAOF and BGSAVE", or an empty string. Redis rejects a command if the Redis user of
/// facebus may not run it, or if the same kind of rewrite is already running. Errors: see class
/// Redis.
Result<std::string> rewrite_files(Redis& redis);

}  // namespace facebus::gallery

// Erases the traces of a removed subject outside the gallery: track memory and files of Redis.
#pragma once

#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

/// Similarity above which two embeddings could show the same person. It lies far below every
/// decision threshold: nearly all pairs of one person are above it, most pairs of two people below.
inline constexpr float plausible_match = 0.3F;

/// Deletes the memory of every track with a probe that is a plausible match of one of `samples`,
/// and of every track that does not decode. Finds tracks that were never recognised and that no
/// result names. A track of another person that is deleted by mistake only has to collect its
/// probes again. Errors as in class Redis.
Result<void> forget_tracks(Redis& redis, const std::vector<Embedding>& samples);

/// Makes Redis rewrite its files on disk, which contain deleted data until then. Redis does so in
/// the background. Returns the commands that an administrator must run because Redis denied them to
/// facebus, such as "BGREWRITEAOF and BGSAVE"; empty if none. Errors as in class Redis.
Result<std::string> rewrite_files(Redis& redis);

}  // namespace facebus::gallery

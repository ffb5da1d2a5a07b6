// How samples and probes stand in Redis. What is read back is taken for hostile until it decoded.
#pragma once

#include <string>
#include <string_view>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/redis/redis.hpp"

namespace facebus::gallery {

inline constexpr std::size_t packed_embedding_bytes = embedding_size * 4;

/// Whether the embedding is finite and of length 1 +- 1e-3. Malformed: says what it is instead.
Result<void> check_embedding(const Embedding& embedding);

/// Little-endian 32-bit floats.
std::string pack(const Embedding& embedding);
/// Malformed: not packed_embedding_bytes, or check_embedding().
Result<Embedding> unpack(std::string_view bytes);

/// A probe without its id, and the model that made it.
std::string pack_probe(const Probe& probe, std::string_view model_id);
struct StoredProbe {
    Probe probe;
    std::string model_id;
};
Result<StoredProbe> unpack_probe(const std::string& id, std::string_view bytes);

/// Whether a sample can be stored: source and model id printable, quality in 0..1, embedding.
Result<void> check_sample(const Sample& sample);
/// A picture of a sample has so many bytes at most: a crop as JPEG has five to ten thousand.
inline constexpr std::size_t max_photo_bytes = 36'864;
/// Whether the bytes can be stored as a picture. Malformed: they don't begin as a JPEG does. Too
/// large: more than max_photo_bytes.
Result<void> check_photo(std::string_view jpeg);
/// The command that writes a sample to its hash.
Redis::Command write_sample(const Sample& sample);
/// The command whose reply decode_sample() understands.
Redis::Command read_sample(const std::string& id);
Result<Sample> decode_sample(const std::string& id, const Reply& reply);

/// The command that writes the policy, and the one whose reply decode_policy() understands.
Redis::Command write_policy(const Policy& policy);
Redis::Command read_policy();
Result<void> check_policy(const Policy& policy);
Result<Policy> decode_policy(const Reply& reply);

}  // namespace facebus::gallery

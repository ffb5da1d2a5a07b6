// Encoding of samples, probes and policies in Redis. Data read back is untrusted until it is
// decoded.
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

/// Fails with `malformed` unless the embedding is finite and has length 1 +- 1e-3.
Result<void> check_embedding(const Embedding& embedding);

/// Returns the embedding as little-endian 32-bit floats.
std::string pack(const Embedding& embedding);
/// Decodes pack(). Fails with `malformed` if the size is not packed_embedding_bytes or
/// check_embedding() fails.
Result<Embedding> unpack(std::string_view bytes);

/// Returns quality and embedding of the probe, and the model that made it, as bytes.
std::string pack_probe(const Probe& probe, std::string_view model_id);
/// A probe and the model that made it.
struct StoredProbe {
    Probe probe;
    std::string model_id;
};
/// Decodes pack_probe(). Fails with `malformed` if the bytes are invalid.
Result<StoredProbe> unpack_probe(const std::string& id, std::string_view bytes);

/// Fails with `malformed` if the sample cannot be stored: source and model id must be is_printable(),
/// the quality in 0..1, and the embedding valid.
Result<void> check_sample(const Sample& sample);
/// Maximum size of the photo of a sample. A crop as JPEG has 5,000 to 10,000 bytes.
inline constexpr std::size_t max_photo_bytes = 36'864;
/// Fails with `malformed` if the bytes do not begin like a JPEG, and with `too_large` if there are
/// more than max_photo_bytes.
Result<void> check_photo(std::string_view jpeg);
/// Returns the command that stores a sample.
Redis::Command write_sample(const Sample& sample);
/// Returns the command that reads a sample; decode_sample() decodes its reply.
Redis::Command read_sample(const std::string& id);
/// Decodes the reply to read_sample(). Fails with `malformed` if the record is invalid.
Result<Sample> decode_sample(const std::string& id, const Reply& reply);

/// Returns the commands that store and read the policy; decode_policy() decodes the reply to the
/// latter.
Redis::Command write_policy(const Policy& policy);
Redis::Command read_policy();
/// Fails with `malformed` if a value of the policy is out of range.
Result<void> check_policy(const Policy& policy);
/// Decodes the reply to read_policy(). Fails with `malformed` if the record is invalid.
Result<Policy> decode_policy(const Reply& reply);

}  // namespace facebus::gallery

// Encodes samples, probes and calibrations for Redis and decodes them. Data from Redis is not
// trusted and is checked when it is decoded.
#pragma once

#include <string>
#include <string_view>

#include "base/embedding.hpp"
#include "base/error.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/redis/redis.hpp"
#include "gallery/score/adaptation.hpp"

namespace facebus::gallery {

/// Size in bytes of an embedding with all elements that pack() encoded.
inline constexpr std::size_t packed_embedding_bytes = embedding_size * 4;

/// Fails with `malformed` unless all values are finite and the L2 norm is 1 +- 1e-3.
Result<void> check_embedding(const Embedding& embedding);

/// Returns the first `dimensions` elements of the embedding as little-endian 32-bit floats.
std::string pack(const Embedding& embedding, std::size_t dimensions = embedding_size);
/// Decodes the bytes returned by pack(). Fails with `malformed` if the size is not that of
/// `dimensions` elements, or if check_embedding() fails.
Result<Embedding> unpack(std::string_view bytes, std::size_t dimensions = embedding_size);

/// Returns the quality and the embedding of the probe, followed by the model id, as bytes. Omits
/// the id of the probe.
std::string pack_probe(const Probe& probe, std::string_view model_id);
/// A probe and the id of the model that computed its embedding.
struct StoredProbe {
    Probe probe;
    std::string model_id;
};
/// Decodes the bytes returned by pack_probe(). `id` becomes the id of the probe. Fails with
/// `malformed` if the bytes are invalid.
Result<StoredProbe> unpack_probe(const std::string& id, std::string_view bytes);

/// Fails with `malformed` if the sample cannot be stored. The source must have at most 4,096 bytes
/// and the model id 1 to 200 bytes. Both must be text (see is_text()), the quality must be in 0..1,
/// and the embedding must pass check_embedding() and have no more elements than the
/// model computes.
Result<void> check_sample(const Sample& sample);
/// Maximum size of a photo in bytes. A crop encoded as JPEG usually has 5,000 to 10,000 bytes.
inline constexpr std::size_t max_photo_bytes = 36'864;
/// Fails with `malformed` if the bytes do not begin like a JPEG file, and with `too_large` if there
/// are more than max_photo_bytes. Does not decode the image.
Result<void> check_photo(std::string_view jpeg);
/// Returns the command that stores a sample.
Redis::Command write_sample(const Sample& sample);
/// Returns the command that reads a sample; decode_sample() decodes its reply.
Redis::Command read_sample(const std::string& id);
/// Decodes the reply to read_sample(). If the sample has a further embedding of `model_id` (see
/// Store::add_embedding()), returns that one instead of its own. Fails with `malformed` if the
/// record is invalid.
Result<Sample> decode_sample(const std::string& id, const Reply& reply,
                             std::string_view model_id = {});
/// Returns the command that stores a further embedding of a sample.
Redis::Command write_embedding(const std::string& id, const std::string& model_id,
                               const Embedding& embedding);

/// Returns the command that stores the settings of a calibration: fpir, min_probes, margin and
/// min_quality.
Redis::Command write_calibration(const CalibrationOptions& options);
/// Returns the command that reads the settings; decode_calibration() decodes its reply.
Redis::Command read_calibration();
/// Fails with `malformed` if a stored value is out of range.
Result<void> check_calibration(const CalibrationOptions& options);
/// Decodes the reply to read_calibration(). Fails with `malformed` if the record is invalid.
Result<CalibrationOptions> decode_calibration(const Reply& reply);

/// Returns the command that stores an adaptation. `text`: from write_adaptation().
Redis::Command write_adaptation_record(const std::string& text);
/// Returns the command that reads the adaptation; decode_adaptation() decodes its reply.
Redis::Command read_adaptation_record();
/// An adaptation and its id in Redis.
struct StoredAdaptation {
    std::string id;         ///< see adaptation_id(); empty: none is stored
    Adaptation adaptation;  ///< only valid if `id` is not empty
};
/// Decodes the reply to read_adaptation_record(). Fails with `malformed` if the record is invalid,
/// and with the errors of read_adaptation().
Result<StoredAdaptation> decode_adaptation(const Reply& reply);

}  // namespace facebus::gallery

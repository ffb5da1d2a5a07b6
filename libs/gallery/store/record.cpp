#include "gallery/store/record.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <span>

#include <fmt/format.h>

#include "gallery/id.hpp"
#include "gallery/name.hpp"
#include "gallery/store/keys.hpp"

namespace facebus::gallery {
namespace {

constexpr std::size_t max_source_bytes = 4096;
constexpr std::size_t max_model_bytes = 200;

/// Appends the value in little-endian order.
void put(std::string& out, float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        out += static_cast<char>(static_cast<unsigned char>(bits >> shift));
    }
}

/// Returns the little-endian value at `offset`.
float get(std::string_view bytes, std::size_t offset) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        bits |= std::uint32_t{static_cast<unsigned char>(bytes[offset + i])} << (8 * i);
    }
    return std::bit_cast<float>(bits);
}

/// Parses the text as a number. Returns false if it contains anything else, or if the number is not
/// finite or does not fit into T.
template <class T>
bool parse(std::string_view text, T& value) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end) return false;
    if constexpr (std::is_floating_point_v<T>) return std::isfinite(value);
    return true;
}

bool in_range(float value, float low, float high) {
    return value >= low && value <= high;
}

Error damaged_error(std::string_view what, std::string_view why) {
    return {ErrorKind::malformed, fmt::format("{} is damaged: {}", what, why)};
}

}  // namespace

Result<void> check_embedding(const Embedding& embedding) {
    double squares = 0;
    for (const float value : embedding) squares += double{value} * double{value};
    // The squares of finite floats cannot overflow a double, so the sum is finite if and only if
    // all values are.
    if (!std::isfinite(squares)) {
        return fail(ErrorKind::malformed, "the embedding contains values that are not finite");
    }
    if (std::abs(std::sqrt(squares) - 1) > 1e-3) {
        return fail(ErrorKind::malformed,
                    fmt::format("the embedding's L2 norm is {:.4g}, not 1", std::sqrt(squares)));
    }
    return {};
}

std::string pack(const Embedding& embedding, std::size_t dimensions) {
    std::string out;
    out.reserve(dimensions * 4);
    for (std::size_t i = 0; i < dimensions; ++i) put(out, embedding[i]);
    return out;
}

Result<Embedding> unpack(std::string_view bytes, std::size_t dimensions) {
    if (bytes.size() != dimensions * 4) {
        return fail(ErrorKind::malformed, fmt::format("the embedding has {} bytes, not {}",
                                                      bytes.size(), dimensions * 4));
    }
    Embedding embedding{};
    for (std::size_t i = 0; i < dimensions; ++i) embedding[i] = get(bytes, 4 * i);
    if (auto good = check_embedding(embedding); !good) return std::unexpected(good.error());
    return embedding;
}

std::string pack_probe(const Probe& probe, std::string_view model_id) {
    std::string out;
    put(out, probe.quality);
    out += pack(probe.embedding, dimensions_of(model_id));
    out += model_id;
    return out;
}

Result<StoredProbe> unpack_probe(const std::string& id, std::string_view bytes) {
    // The size of the embedding follows from the model id, which is behind it.
    std::size_t dimensions = embedding_size;
    if (constexpr auto end = 4 + sface_size * 4;
        bytes.size() > end && dimensions_of(bytes.substr(end)) == sface_size) {
        dimensions = sface_size;
    }
    const std::size_t fixed_bytes = 4 + dimensions * 4;  // quality and embedding
    if (bytes.size() < fixed_bytes || bytes.size() > fixed_bytes + max_model_bytes) {
        return fail(ErrorKind::malformed,
                    fmt::format("the stored probe has an invalid size: {} bytes", bytes.size()));
    }
    StoredProbe stored;
    stored.probe.id = id;
    stored.probe.quality = get(bytes, 0);
    if (!in_range(stored.probe.quality, 0, 1)) {
        return fail(ErrorKind::malformed, "the probe's quality is not in 0..1");
    }
    auto embedding = unpack(bytes.substr(4, dimensions * 4), dimensions);
    if (!embedding) return std::unexpected(embedding.error());
    stored.probe.embedding = *embedding;
    stored.model_id = bytes.substr(fixed_bytes);
    if (dimensions_of(stored.model_id) != dimensions) {
        return fail(ErrorKind::malformed, "the probe's embedding does not have the model's size");
    }
    return stored;
}

Result<void> check_sample(const Sample& sample) {
    if (sample.source.size() > max_source_bytes || !is_text(sample.source)) {
        return fail(ErrorKind::malformed,
                    fmt::format("the source must be UTF-8 text without control characters, at "
                                "most {} bytes",
                                max_source_bytes));
    }
    if (sample.model_id.empty() || sample.model_id.size() > max_model_bytes ||
        !is_text(sample.model_id)) {
        return fail(ErrorKind::malformed,
                    fmt::format("the model id must be UTF-8 text without control characters, 1 to "
                                "{} bytes",
                                max_model_bytes));
    }
    if (!in_range(sample.quality, 0, 1)) {
        return fail(ErrorKind::malformed, "the quality is not in 0..1");
    }
    const auto rest = std::span(sample.embedding).subspan(dimensions_of(sample.model_id));
    if (std::ranges::any_of(rest, [](float value) { return value != 0; })) {
        return fail(ErrorKind::malformed, "the embedding has more elements than the model");
    }
    return check_embedding(sample.embedding);
}

Result<void> check_photo(std::string_view jpeg) {
    if (jpeg.size() > max_photo_bytes) {
        return fail(ErrorKind::too_large, fmt::format("the photo has {} bytes; the limit is {}",
                                                      jpeg.size(), max_photo_bytes));
    }
    if (!jpeg.starts_with("\xff\xd8\xff")) {
        return fail(ErrorKind::malformed, "the photo is not a JPEG");
    }
    return {};
}

Redis::Command write_sample(const Sample& sample) {
    return {"HSET",      keys::sample(sample.id),
            "subject",   sample.subject_id,
            "source",    sample.source,
            "model",     sample.model_id,
            "quality",   fmt::to_string(sample.quality),
            "created",   fmt::to_string(sample.created),
            "embedding", pack(sample.embedding, dimensions_of(sample.model_id))};
}

Redis::Command read_sample(const std::string& id) {
    return {"HMGET",   keys::sample(id), "subject",   "source",     "model",
            "quality", "created",        "embedding", "next_model", "next_embedding"};
}

Redis::Command write_embedding(const std::string& id, const std::string& model_id,
                               const Embedding& embedding) {
    return {"HSET",   keys::sample(id), "next_model",
            model_id, "next_embedding", pack(embedding, dimensions_of(model_id))};
}

Result<Sample> decode_sample(const std::string& id, const Reply& reply, std::string_view model_id) {
    const std::string what = fmt::format("sample {}", valid_id(id) ? id : "?");
    const auto& fields = reply.elements();
    if (fields.size() != 8)
        return std::unexpected(damaged_error(what, "the reply does not have eight fields"));
    Sample sample;
    sample.id = id;
    sample.subject_id = fields[0].text();
    sample.source = fields[1].text();
    sample.model_id = fields[2].text();
    if (!valid_id(id) || !valid_id(sample.subject_id)) {
        return std::unexpected(damaged_error(what, "an id is missing or invalid"));
    }
    if (!parse(fields[3].text(), sample.quality) || !parse(fields[4].text(), sample.created)) {
        return std::unexpected(damaged_error(what, "quality or creation time is invalid"));
    }
    const bool further = !model_id.empty() && sample.model_id != model_id && !fields[6].nil() &&
                         fields[6].text() == model_id;
    if (further) sample.model_id = model_id;
    auto embedding = unpack(fields[further ? 7 : 5].text(), dimensions_of(sample.model_id));
    if (!embedding) return std::unexpected(damaged_error(what, embedding.error().message));
    sample.embedding = *embedding;
    if (auto good = check_sample(sample); !good) {
        return std::unexpected(damaged_error(what, good.error().message));
    }
    return sample;
}

Result<void> check_calibration(const CalibrationOptions& options) {
    const auto& base = options.base;
    const bool good = options.fpir >= min_fpir && options.fpir <= max_fpir &&
                      base.min_probes >= 1 && base.min_probes <= 64 &&
                      in_range(base.margin, 0, 2) && in_range(base.min_quality, 0, 1);
    if (good) return {};
    return fail(
        ErrorKind::malformed,
        fmt::format("the calibration is out of range: fpir {}..{}, min_probes 1..64, margin "
                    "0..2, min_quality 0..1",
                    min_fpir, max_fpir));
}

Redis::Command write_calibration(const CalibrationOptions& options) {
    return {"HSET",        keys::calibration,
            "fpir",        fmt::to_string(options.fpir),
            "min_probes",  fmt::to_string(options.base.min_probes),
            "margin",      fmt::to_string(options.base.margin),
            "min_quality", fmt::to_string(options.base.min_quality)};
}

Redis::Command read_calibration() {
    return {"HMGET", keys::calibration, "fpir", "min_probes", "margin", "min_quality"};
}

Result<CalibrationOptions> decode_calibration(const Reply& reply) {
    const auto& fields = reply.elements();
    CalibrationOptions options;
    auto& base = options.base;
    if (fields.size() != 4 || !parse(fields[0].text(), options.fpir) ||
        !parse(fields[1].text(), base.min_probes) || !parse(fields[2].text(), base.margin) ||
        !parse(fields[3].text(), base.min_quality)) {
        return std::unexpected(
            damaged_error("the stored calibration", "a value is missing or not a valid number"));
    }
    if (auto good = check_calibration(options); !good) {
        return std::unexpected(damaged_error("the stored calibration", good.error().message));
    }
    return options;
}

Redis::Command write_adaptation_record(const std::string& text) {
    return {"HSET", keys::adaptation, "id", adaptation_id(text), "record", text};
}

Redis::Command read_adaptation_record() {
    return {"HMGET", keys::adaptation, "id", "record"};
}

Result<StoredAdaptation> decode_adaptation(const Reply& reply) {
    const std::string_view what = "the stored adaptation";
    const auto& fields = reply.elements();
    if (fields.size() != 2) return std::unexpected(damaged_error(what, "it has no two fields"));
    StoredAdaptation stored;
    if (fields[0].nil() && fields[1].nil()) return stored;
    if (fields[0].text() != adaptation_id(fields[1].text())) {
        return std::unexpected(damaged_error(what, "its id does not fit"));
    }
    auto adaptation = read_adaptation(fields[1].text());
    if (!adaptation) {
        if (adaptation.error().kind == ErrorKind::unsupported) {
            return std::unexpected(std::move(adaptation.error()));
        }
        return std::unexpected(damaged_error(what, adaptation.error().message));
    }
    stored.id = fields[0].text();
    stored.adaptation = std::move(*adaptation);
    return stored;
}

}  // namespace facebus::gallery

#include "gallery/score/adaptation.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/base64.hpp"
#include "crypto/digest.hpp"
#include "gallery/json_number.hpp"
#include "gallery/name.hpp"

namespace facebus::gallery {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t version = 1;
constexpr std::size_t max_vectors = 2'000;
constexpr std::size_t max_cameras = 64;
constexpr std::size_t max_text_bytes = 200;

/// Returns vectors as signed integers of sizeof(T) bytes, little-endian: the components, multiplied
/// by the scale.
template <class T>
Json encode(const std::vector<Embedding>& vectors) {
    float largest = 0;
    for (const auto& vector : vectors) {
        for (const float value : vector) largest = std::max(largest, std::abs(value));
    }
    const float scale =
        largest > 1e-30F ? static_cast<float>(std::numeric_limits<T>::max()) / largest : 1;
    std::string bytes;
    for (const auto& vector : vectors) {
        for (const float value : vector) {
            const auto number = static_cast<std::uint32_t>(std::lround(value * scale));
            for (unsigned i = 0; i < sizeof(T); ++i) {
                bytes += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
            }
        }
    }
    return {{"count", vectors.size()}, {"scale", scale}, {"values", crypto::base64(bytes)}};
}

double to_number(const Json& json, double limit) {
    const auto value = json.get<double>();
    if (!(std::abs(value) <= limit)) throw std::domain_error("a number is too large");
    return value;
}

template <class T>
std::vector<Embedding> decode(const Json& json, std::size_t most) {
    const auto count = to_count(json.at("count"));
    if (count > most) throw std::length_error("there are too many vectors");
    const auto scale = static_cast<float>(to_number(json.at("scale"), 1e9));
    if (!(scale > 1e-9F)) throw std::domain_error("a scale is not positive");
    const auto size = count * embedding_size * sizeof(T);
    const auto bytes = crypto::from_base64(json.at("values").get<std::string>(), size);
    if (!bytes || bytes->size() != size) throw std::length_error("the vectors are damaged");
    std::vector<Embedding> vectors(count);
    std::size_t at = 0;
    for (auto& vector : vectors) {
        for (float& value : vector) {
            std::uint32_t number = 0;
            for (unsigned i = 0; i < sizeof(T); ++i) {
                number |= std::uint32_t{static_cast<unsigned char>((*bytes)[at++])} << (8 * i);
            }
            value = static_cast<float>(static_cast<T>(number)) / scale;
            if (!(std::abs(value) <= 4)) throw std::domain_error("a component is too large");
        }
    }
    return vectors;
}

std::string to_text(const Json& json) {
    auto text = json.get<std::string>();
    if (text.empty() || text.size() > max_text_bytes || !is_text(text)) {
        throw std::length_error("a text is empty, too long or not UTF-8");
    }
    return text;
}

double to_share(const Json& json) {
    const auto value = json.get<double>();
    if (!(value >= 0 && value <= 1)) throw std::domain_error("a share is not in 0..1");
    return value;
}

Adaptation parse(const Json& json) {
    Adaptation out;
    out.model_id = to_text(json.at("model"));
    out.method = to_text(json.at("method"));
    out.created = static_cast<std::int64_t>(to_count(json.at("created")));
    out.people = to_count(json.at("people"));
    out.faces = to_count(json.at("faces"));
    out.fnir_before = to_share(json.at("fnir_before"));
    out.fnir_after = to_share(json.at("fnir_after"));
    const auto& cameras = json.at("cameras");
    if (!cameras.is_array() || cameras.size() > max_cameras) {
        throw std::length_error("there are too many cameras");
    }
    for (const auto& camera : cameras) out.cameras.push_back(to_text(camera));
    const auto mean = decode<std::int16_t>(json.at("mean"), 1);
    if (mean.size() != 1) throw std::length_error("the mean is missing");
    out.mean = mean.front();
    out.map = decode<std::int16_t>(json.at("map"), embedding_size);
    if (!out.map.empty() && out.map.size() != embedding_size) {
        throw std::length_error("the map is not square");
    }
    out.vectors = decode<std::int8_t>(json.at("vectors"), max_vectors);
    for (auto& vector : out.vectors) normalise(vector);
    out.nearest = to_count(json.at("nearest"));
    if (out.vectors.empty() ? out.nearest != 0
                            : out.nearest < 1 || out.nearest > out.vectors.size()) {
        throw std::length_error("the number of nearest vectors is out of range");
    }
    out.sample_shift = static_cast<float>(to_number(json.at("sample_shift"), 1));
    out.shift = static_cast<float>(to_number(json.at("shift"), 1));
    return out;
}

}  // namespace

Embedding Adaptation::centred(const Embedding& probe) const {
    Embedding out;
    for (std::size_t i = 0; i < embedding_size; ++i) out[i] = probe[i] - mean[i];
    normalise(out);
    if (map.empty()) return out;
    Embedding mapped;
    for (std::size_t i = 0; i < embedding_size; ++i) mapped[i] = out[i] + similarity(map[i], out);
    normalise(mapped);
    return mapped;
}

std::string write_adaptation(const Adaptation& adaptation) {
    const Json json{{"version", version},
                    {"model", adaptation.model_id},
                    {"method", adaptation.method},
                    {"created", adaptation.created},
                    {"people", adaptation.people},
                    {"faces", adaptation.faces},
                    {"fnir_before", adaptation.fnir_before},
                    {"fnir_after", adaptation.fnir_after},
                    {"cameras", adaptation.cameras},
                    {"shift", adaptation.shift},
                    {"sample_shift", adaptation.sample_shift},
                    {"nearest", adaptation.nearest},
                    {"mean", encode<std::int16_t>({adaptation.mean})},
                    {"map", encode<std::int16_t>(adaptation.map)},
                    {"vectors", encode<std::int8_t>(adaptation.vectors)}};
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Adaptation> read_adaptation(std::string_view text) {
    try {
        if (text.size() > max_adaptation_bytes) throw std::length_error("it is too long");
        const auto json = Json::parse(text);
        if (to_count(json.at("version")) > version) {
            return fail(ErrorKind::unsupported, "a later version of facebus wrote the adaptation");
        }
        return parse(json);
    } catch (const std::exception& error) {
        return fail(ErrorKind::malformed, fmt::format("not an adaptation: {}", error.what()));
    }
}

std::string adaptation_id(std::string_view text) {
    return crypto::sha256(text).substr(0, 8);
}

}  // namespace facebus::gallery

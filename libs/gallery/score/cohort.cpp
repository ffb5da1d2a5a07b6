#include "gallery/score/cohort.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "crypto/base64.hpp"
#include "gallery/json_number.hpp"

namespace facebus::gallery {

// models/cohort_*.json, compiled in by CMake.
extern const std::array<const char*, 2> shipped_cohort_texts;

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_vectors = 10'000;
constexpr std::size_t max_points = 100;  // elements of each list of distributions

/// Returns the number. Throws std::domain_error if its magnitude is 1e9 or more.
double to_number(const Json& json) {
    const auto value = json.get<double>();
    if (!(std::abs(value) < 1e9)) throw std::domain_error("a number is too large");
    return value;
}

double to_positive(const Json& json) {
    const auto value = to_number(json);
    if (!(value > 1e-9)) throw std::domain_error("a number is not positive");
    return value;
}

/// Returns the factor with which the components of the vector fit into -127 to 127.
float byte_scale(const Embedding& vector) {
    float largest = 0;
    for (const float value : vector) largest = std::max(largest, std::abs(value));
    return largest > 1e-30F ? 127 / largest : 1;
}

/// Returns the first `dimensions` components as signed bytes, multiplied by byte_scale().
std::string to_bytes(const Embedding& vector, std::size_t dimensions) {
    const float scale = byte_scale(vector);
    std::string bytes;
    for (std::size_t i = 0; i < dimensions; ++i) {
        bytes += static_cast<char>(static_cast<std::int8_t>(std::lround(vector[i] * scale)));
    }
    return bytes;
}

Embedding to_vector(std::string_view bytes, float scale) {
    Embedding vector{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        vector[i] = static_cast<float>(static_cast<std::int8_t>(bytes[i])) / scale;
    }
    return vector;
}

/// Decodes `vectors` consecutive vectors of `dimensions` components.
std::string decode(const Json& json, std::size_t vectors, std::size_t dimensions) {
    const auto bytes = crypto::from_base64(json.get<std::string>(), max_vectors * embedding_size);
    if (!bytes || bytes->size() != vectors * dimensions) {
        throw std::length_error("the vectors are not valid base64 or have the wrong size");
    }
    return *bytes;
}

/// Calls use(element) for each element of a list.
void for_each_point(const Json& list, const auto& use) {
    if (list.size() > max_points) throw std::length_error("a list is too long");
    for (const auto& element : list) use(element);
}

Cohort parse(const Json& json) {
    Cohort cohort;
    cohort.model_id = json.at("model");
    cohort.people = to_count(json.at("people"));
    cohort.images = to_count(json.at("images"));
    cohort.nearest = to_count(json.at("nearest"));
    const auto count = to_count(json.at("count"));
    if (count > max_vectors || cohort.nearest < 1 || cohort.nearest > count) {
        throw std::length_error(
            fmt::format("the cohort must have 1 to {} vectors and use at least one", max_vectors));
    }
    const auto dimensions = dimensions_of(cohort.model_id);
    cohort.mean = to_vector(decode(json.at("mean"), 1, dimensions),
                            static_cast<float>(to_positive(json.at("mean_scale"))));
    const auto bytes = decode(json.at("vectors"), count, dimensions);
    for (std::size_t i = 0; i < count; ++i) {
        cohort.vectors.push_back(
            to_vector(std::string_view(bytes).substr(i * dimensions, dimensions), 1));
        normalise(cohort.vectors.back());
    }
    for_each_point(json.at("impostors"), [&](const Json& each) {
        const Cohort::ImpostorQuantile point{to_positive(each.at("rate")),
                                             to_number(each.at("score"))};
        if (!cohort.impostors.empty() && !(point.rate < cohort.impostors.back().rate &&
                                           point.score > cohort.impostors.back().score)) {
            throw std::domain_error("rates must fall and scores must rise");
        }
        cohort.impostors.push_back(point);
    });
    cohort.impostor_mean = to_number(json.at("impostor_mean"));
    for_each_point(json.at("shapes"), [&](const Json& each) {
        cohort.shapes.push_back({to_count(each.at("samples")), to_count(each.at("probes")),
                                 to_number(each.at("offset")), to_positive(each.at("scale"))});
    });
    for_each_point(json.at("genuine"), [&](const Json& each) {
        cohort.genuine.push_back({to_count(each.at("samples")), to_count(each.at("probes")),
                                  to_number(each.at("mean")), to_positive(each.at("deviation"))});
    });
    if (cohort.impostors.size() < 2 || cohort.shapes.empty() || cohort.genuine.empty()) {
        throw std::length_error("a distribution is missing");
    }
    return cohort;
}

}  // namespace

std::string write_cohort(const Cohort& cohort) {
    Json impostors = Json::array();
    for (const auto& [rate, score] : cohort.impostors) {
        impostors.push_back({{"rate", rate}, {"score", score}});
    }
    Json shapes = Json::array();
    for (const auto& [samples, probes, offset, scale] : cohort.shapes) {
        shapes.push_back(
            {{"samples", samples}, {"probes", probes}, {"offset", offset}, {"scale", scale}});
    }
    Json genuine = Json::array();
    for (const auto& [samples, probes, mean, deviation] : cohort.genuine) {
        genuine.push_back(
            {{"samples", samples}, {"probes", probes}, {"mean", mean}, {"deviation", deviation}});
    }
    const auto dimensions = dimensions_of(cohort.model_id);
    std::string vectors;
    for (const auto& vector : cohort.vectors) vectors += to_bytes(vector, dimensions);
    const Json json{{"model", cohort.model_id},
                    {"people", cohort.people},
                    {"images", cohort.images},
                    {"nearest", cohort.nearest},
                    {"impostors", impostors},
                    {"impostor_mean", cohort.impostor_mean},
                    {"shapes", shapes},
                    {"genuine", genuine},
                    {"mean_scale", byte_scale(cohort.mean)},
                    {"mean", crypto::base64(to_bytes(cohort.mean, dimensions))},
                    {"count", cohort.vectors.size()},
                    {"vectors", crypto::base64(vectors)}};
    return json.dump() + "\n";
}

Result<Cohort> read_cohort(const std::string& text) {
    try {
        return parse(Json::parse(text));
    } catch (const std::exception& error) {
        return fail(ErrorKind::malformed, fmt::format("not a cohort: {}", error.what()));
    }
}

const std::vector<Cohort>& shipped_cohorts() {
    static const auto cohorts = [] {
        std::vector<Cohort> all;
        all.reserve(std::size(shipped_cohort_texts));
        for (const char* text : shipped_cohort_texts) all.push_back(read_cohort(text).value());
        return all;
    }();
    return cohorts;
}

const Cohort* find_cohort(const std::string& model_id) {
    const auto& all = shipped_cohorts();
    const auto found = std::ranges::find(all, model_id, &Cohort::model_id);
    return found == all.end() ? nullptr : &*found;
}

}  // namespace facebus::gallery

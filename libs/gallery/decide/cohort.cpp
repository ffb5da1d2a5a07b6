#include "gallery/decide/cohort.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/random.hpp"
#include "gallery/json_number.hpp"

namespace facebus::gallery {

extern const char* const shipped_cohort_text;  // models/cohort.json, compiled in by CMake

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t max_columns = 512;

/// Returns the number as a float. Throws std::domain_error if its magnitude is 1e9 or more.
float to_float(const Json& json) {
    const auto value = json.get<double>();
    if (!(std::abs(value) < 1e9)) throw std::domain_error("a number is too large");
    return static_cast<float>(value);
}

/// Adds a random vector with the given covariance to `target`. The vector is the sum of two parts.
/// The first part is the sum of z_j * column_j with independent standard normal z_j. Its covariance
/// is columns * columns^T. The second part is independent noise of variance `rest` in every
/// component. Its covariance is `rest` times the identity matrix.
void add_random_vector(Random& random, const Cohort::Covariance& covariance,
                       Cohort::Vector& target) {
    for (const auto& column : covariance.columns) {
        const auto z = static_cast<float>(random.normal());
        for (std::size_t i = 0; i < embedding_size; ++i) target[i] += z * column[i];
    }
    const float rest = std::sqrt(covariance.rest);
    if (rest <= 0) return;
    for (float& value : target) value += rest * static_cast<float>(random.normal());
}

Json to_json(const Cohort::Vector& vector) {
    float largest = 0;
    for (const float value : vector) largest = std::max(largest, std::abs(value));
    const float scale = largest > 0 ? largest / 127 : 1;
    Json values = Json::array();
    for (const float value : vector) values.push_back(std::lround(value / scale));
    return {{"scale", scale}, {"values", values}};
}

Json to_json(const Cohort::Covariance& covariance) {
    Json columns = Json::array();
    for (const auto& column : covariance.columns) columns.push_back(to_json(column));
    return {{"rest", covariance.rest}, {"columns", columns}};
}

Cohort::Vector to_vector(const Json& json) {
    const auto scale = to_float(json.at("scale"));
    const auto& values = json.at("values");
    if (values.size() != embedding_size) throw std::length_error("a vector has the wrong size");
    Cohort::Vector vector{};
    for (std::size_t i = 0; i < embedding_size; ++i) {
        vector[i] = scale * to_float(values[i]);
    }
    return vector;
}

Cohort::Covariance to_covariance(const Json& json) {
    Cohort::Covariance covariance;
    covariance.rest = to_float(json.at("rest"));
    if (!(covariance.rest >= 0)) throw std::domain_error("a variance is negative");
    for (const auto& column : json.at("columns")) {
        if (covariance.columns.size() == max_columns) throw std::length_error("too many columns");
        covariance.columns.push_back(to_vector(column));
    }
    return covariance;
}

}  // namespace

std::vector<Embedding> Cohort::impostors(std::size_t count, std::size_t probes,
                                         std::uint64_t seed) const {
    Random random(seed);
    std::vector<Embedding> all;
    all.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        // Draw the mean embedding of a person, then the embeddings of `probes` images of this
        // person. Normalise these embeddings like the output of the network, and fuse them with
        // equal weights.
        Vector person = mean;
        add_random_vector(random, between, person);
        Embedding fused{};
        for (std::size_t p = 0; p < probes; ++p) {
            Vector image = person;
            add_random_vector(random, within, image);
            normalise(image);
            for (std::size_t k = 0; k < embedding_size; ++k) fused[k] += image[k];
        }
        normalise(fused);
        all.push_back(fused);
    }
    return all;
}

std::string write_cohort(const Cohort& cohort) {
    Json genuine = Json::array();
    for (const auto& each : cohort.genuine) {
        genuine.push_back({{"samples", each.samples},
                           {"probes", each.probes},
                           {"mean", each.mean},
                           {"deviation", each.deviation}});
    }
    const Json json{{"model", cohort.model_id},
                    {"people", cohort.people},
                    {"pictures", cohort.images},  // the format calls images "pictures"
                    {"tail", cohort.tail},
                    {"genuine", genuine},
                    {"mean", to_json(cohort.mean)},
                    {"between", to_json(cohort.between)},
                    {"within", to_json(cohort.within)}};
    return json.dump() + "\n";
}

Result<Cohort> read_cohort(const std::string& text) {
    try {
        const auto json = Json::parse(text);
        Cohort cohort;
        cohort.model_id = json.at("model");
        cohort.people = to_count(json.at("people"));
        cohort.images = to_count(json.at("pictures"));
        cohort.tail = json.at("tail");
        if (!(cohort.tail > 0.1 && cohort.tail < 10))
            throw std::domain_error("the tail is not between 0.1 and 10");
        for (const auto& each : json.at("genuine")) {
            cohort.genuine.push_back({to_count(each.at("samples")), to_count(each.at("probes")),
                                      each.at("mean"), each.at("deviation")});
            if (!(cohort.genuine.back().deviation > 0))
                throw std::domain_error("a deviation is not positive");
        }
        if (cohort.genuine.empty()) throw std::length_error("there are no genuine distributions");
        cohort.mean = to_vector(json.at("mean"));
        cohort.between = to_covariance(json.at("between"));
        cohort.within = to_covariance(json.at("within"));
        return cohort;
    } catch (const std::exception& error) {
        return fail(ErrorKind::malformed, fmt::format("not a cohort: {}", error.what()));
    }
}

const Cohort& shipped_cohort() {
    static const Cohort cohort = read_cohort(shipped_cohort_text).value();
    return cohort;
}

}  // namespace facebus::gallery

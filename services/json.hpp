// JSON in messages and responses to clients.
#pragma once

#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace facebus {

using Json = nlohmann::ordered_json;

/// Rounds a measured number to five decimal places; further digits would be noise.
inline double rounded(double value) {
    constexpr double digits = 1e5;
    return std::round(value * digits) / digits;
}

/// Returns the JSON as text. Replaces invalid UTF-8 by U+FFFD instead of failing, because error
/// messages can quote bytes that a client sent.
inline std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace facebus

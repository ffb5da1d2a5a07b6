// JSON as it goes to clients.
#pragma once

#include <cmath>
#include <string>

#include <nlohmann/json.hpp>

namespace facebus {

using Json = nlohmann::ordered_json;

/// A measured number with as many digits as mean something.
inline double rounded(double value) {
    constexpr double digits = 1e5;
    return std::round(value * digits) / digits;
}

/// As text. What is no UTF-8 is replaced: a client's own bytes may come back in a message.
inline std::string dump(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace facebus

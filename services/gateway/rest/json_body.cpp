#include "gateway/rest/json_body.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace facebus::gateway {

HttpResult<Json> parse_json(const std::string& body, std::initializer_list<std::string_view> keys) {
    constexpr std::size_t shown_bytes = 40;
    auto json = Json::parse(body, nullptr, false);
    if (!json.is_object()) return json;
    for (const auto& [key, value] : json.items()) {
        if (std::ranges::find(keys, key) != keys.end()) continue;
        return http_error(400, fault_code::bad_argument,
                          fmt::format("unknown key \"{}\" in the body; known keys: {}",
                                      key.substr(0, shown_bytes), fmt::join(keys, ", ")));
    }
    return json;
}

}  // namespace facebus::gateway

#include "gateway/router.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace facebus::gateway {

std::optional<std::map<std::string, std::string>> match_path(std::string_view pattern,
                                                             std::string_view path) {
    std::map<std::string, std::string> values;
    while (true) {
        const auto open = std::min(pattern.find('{'), pattern.size());
        if (pattern.substr(0, open) != path.substr(0, open)) return std::nullopt;
        pattern.remove_prefix(open);
        path.remove_prefix(open);
        if (pattern.empty()) {
            if (!path.empty()) return std::nullopt;
            return values;
        }
        auto name = pattern.substr(1, pattern.find('}') - 1);
        pattern.remove_prefix(name.size() + 2);
        const bool rest = name.ends_with('*');
        if (rest) name.remove_suffix(1);
        const auto value = rest ? path : path.substr(0, path.find('/'));
        if (value.empty()) return std::nullopt;
        path.remove_prefix(value.size());
        values.emplace(name, value);
    }
}

HttpResult<Router::Match> Router::find(const std::string& method, const std::string& path,
                                       std::string& allow) const {
    // First try the path with its trailing slash, which can be part of the value of {name*}.
    for (const bool strip_slash : {false, true}) {
        std::string_view candidate = path;
        if (strip_slash && !candidate.ends_with('/')) break;
        if (strip_slash) candidate.remove_suffix(1);
        for (const auto& route : routes_) {
            auto values = match_path(route.pattern, candidate);
            if (!values) continue;
            if (route.method == method) return Match{&route, std::move(*values)};
            allow += (allow.empty() ? "" : ", ") + route.method;
        }
        if (!allow.empty()) break;
    }
    if (allow.empty()) return std::unexpected(fault_of_status(404));
    return http_error(405, 405,
                      fmt::format("this path does not support {}; use {}", method, allow));
}

}  // namespace facebus::gateway

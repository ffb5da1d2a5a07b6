#include "http/target.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace facebus::http {
namespace {

/// Decodes percent escapes and, in a query, '+' as a space.
std::optional<std::string> unescape(std::string_view text, bool in_query) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        const char c = text.front();
        if (c == '%') {
            if (text.size() < 3) return std::nullopt;
            unsigned value = 0;
            const char* end = text.data() + 3;
            const auto [rest, error] = std::from_chars(text.data() + 1, end, value, 16);
            if (error != std::errc{} || rest != end) return std::nullopt;
            plain += static_cast<char>(value);
            text.remove_prefix(3);
        } else {
            plain += in_query && c == '+' ? ' ' : c;
            text.remove_prefix(1);
        }
    }
    return plain;
}

}  // namespace

std::optional<Target> decode_target(std::string_view target) {
    if (!target.starts_with('/')) return std::nullopt;
    const auto question = target.find('?');
    auto path = unescape(target.substr(0, question), false);
    if (!path) return std::nullopt;
    Target decoded{.path = std::move(*path), .query = {}};
    if (question == std::string_view::npos) return decoded;
    auto query = target.substr(question + 1);
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        auto name = unescape(pair.substr(0, equals), true);
        auto value = unescape(
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
        if (!name || !value) return std::nullopt;
        decoded.query.emplace(std::move(*name), std::move(*value));
    }
    return decoded;
}

}  // namespace facebus::http

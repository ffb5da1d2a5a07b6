#include "cli/terminal.hpp"

#include <cstdint>

namespace facebus::cli {

std::string json_text(const nlohmann::ordered_json& json, int indent) {
    const auto text =
        json.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    // dump() escapes only control characters up to U+001F. All other characters that must be
    // escaped are inside strings, because the rest of JSON is printable ASCII and line feeds.
    constexpr char32_t first_escaped = 0x7F;
    constexpr char32_t first_pair = 0x10000;
    std::string out;
    out.reserve(text.size());
    for (std::string_view rest = text; !rest.empty();) {
        const auto before = rest;
        const auto character = take_character(rest);
        if (!character) break;  // cannot happen: dump() returns valid UTF-8
        const auto code = static_cast<std::uint32_t>(*character);
        if (*character < first_escaped || !(is_control(*character) || is_invisible(*character))) {
            out += before.substr(0, before.size() - rest.size());
        } else if (*character < first_pair) {
            out += fmt::format("\\u{:04x}", code);
        } else {
            const auto offset = code - static_cast<std::uint32_t>(first_pair);
            out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (offset >> 10U),
                               0xDC00 + (offset & 0x3FFU));
        }
    }
    return out;
}

}  // namespace facebus::cli

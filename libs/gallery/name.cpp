#include "gallery/name.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include <fmt/format.h>
#include <utf8proc.h>

#include "base/text/unicode.hpp"

namespace facebus::gallery {
namespace {

enum class Form { composed, decomposed };

/// Returns the text in the normalisation form. Requires: the text is valid UTF-8.
std::string normalised(std::string_view text, Form form) {
    const int options =
        UTF8PROC_STABLE | (form == Form::composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
    const void* bytes = text.data();
    utf8proc_uint8_t* mapped = nullptr;
    const auto size = utf8proc_map(static_cast<const utf8proc_uint8_t*>(bytes),
                                   static_cast<utf8proc_ssize_t>(text.size()), &mapped,
                                   static_cast<utf8proc_option_t>(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
    // For valid UTF-8, utf8proc_map() fails only if memory is exhausted.
    if (size < 0) throw std::bad_alloc();
    return {mapped, mapped + size};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

bool is_text(std::string_view text) {
    while (!text.empty()) {
        const auto character = take_character(text);
        if (!character || is_control(*character)) return false;
    }
    return true;
}

Result<std::string> clean_name(std::string_view name) {
    name = trimmed(name);
    if (name.empty()) return fail(ErrorKind::refused, "the name is empty");
    for (auto rest = name; !rest.empty();) {
        const auto character = take_character(rest);
        if (!character || is_control(*character)) {
            return fail(ErrorKind::refused,
                        "the name must be UTF-8 text without control characters");
        }
        if (is_invisible(*character)) {
            return fail(ErrorKind::refused,
                        fmt::format("the name contains the invisible character U+{:04X}; remove it",
                                    static_cast<std::uint32_t>(*character)));
        }
    }
    auto clean = normalised(name, Form::composed);
    if (clean.size() <= max_name_bytes) return clean;
    return fail(ErrorKind::refused, fmt::format("the name has {} bytes; the limit is {}",
                                                clean.size(), max_name_bytes));
}

bool is_stored_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name_bytes && trimmed(name) == name && is_text(name);
}

Result<std::vector<std::string>> stored_names(std::string_view name) {
    name = trimmed(name);
    std::vector<std::string> names;
    if (is_text(name)) {
        for (auto& form : {std::string(name), normalised(name, Form::composed),
                           normalised(name, Form::decomposed)}) {
            if (is_stored_name(form) && std::ranges::find(names, form) == names.end()) {
                names.push_back(form);
            }
        }
    }
    if (!names.empty()) return names;
    auto clean = clean_name(name);
    if (!clean) return std::unexpected(std::move(clean.error()));
    return std::vector{std::move(*clean)};
}

std::string without_invisible(std::string_view text) {
    std::string visible;
    while (!text.empty()) {
        auto rest = text;
        const auto character = take_character(rest);
        if (!character) rest.remove_prefix(1);
        if (!character || !is_invisible(*character)) {
            visible += text.substr(0, text.size() - rest.size());
        }
        text = rest;
    }
    return visible;
}

}  // namespace facebus::gallery

#include "gallery/name.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace facebus::gallery {
namespace {

constexpr std::uint32_t no_character = 0xFFFFFFFF;  // above all code points

/// Removes the first character from `text` and returns its code point. If `text` does not begin
/// with a valid UTF-8 character, leaves it unchanged and returns no_character. Requires: `text` is
/// not empty.
std::uint32_t take_character(std::string_view& text) {
    const auto byte = [&](std::size_t i) {
        return std::uint32_t{static_cast<unsigned char>(text[i])};
    };
    const std::uint32_t first = byte(0);
    std::size_t length = 0;
    // Smallest code point that requires `length` bytes. A smaller code point in that many bytes is
    // an overlong encoding. Reject it, because programs that search for control characters byte by
    // byte would not find one in such an encoding.
    std::uint32_t smallest = 0;
    std::uint32_t value = 0;
    if (first < 0x80) {
        length = 1;
        value = first;
    } else if (first >> 5 == 0b110) {
        length = 2;
        smallest = 0x80;
        value = first & 0x1F;
    } else if (first >> 4 == 0b1110) {
        length = 3;
        smallest = 0x800;
        value = first & 0x0F;
    } else if (first >> 3 == 0b11110) {
        length = 4;
        smallest = 0x10000;
        value = first & 0x07;
    } else {
        return no_character;
    }
    if (text.size() < length) return no_character;
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(i) >> 6 != 0b10) return no_character;
        value = value << 6 | (byte(i) & 0x3F);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest || value > 0x10FFFF || surrogate) return no_character;
    text.remove_prefix(length);
    return value;
}

}  // namespace

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const std::uint32_t character = take_character(text);
        const bool control = character < 0x20 || (character >= 0x7F && character < 0xA0);
        if (character == no_character || control) return false;
    }
    return true;
}

Result<std::string> clean_name(std::string_view name) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = name.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return fail(ErrorKind::refused, "the name is empty");
    name = name.substr(begin, name.find_last_not_of(blanks) - begin + 1);
    if (name.size() > max_name_bytes) {
        return fail(ErrorKind::refused, fmt::format("the name has {} bytes; the limit is {}",
                                                    name.size(), max_name_bytes));
    }
    if (!is_printable(name)) {
        return fail(ErrorKind::refused, "the name must be UTF-8 text without control characters");
    }
    return std::string(name);
}

}  // namespace facebus::gallery

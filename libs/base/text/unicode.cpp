#include "base/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace facebus {
namespace {

constexpr char32_t line_feed = 0x0A;
constexpr char32_t last_character = 0x10FFFF;

// First and last code point of each range of invisible characters.
constexpr std::array<std::pair<char32_t, char32_t>, 17> invisible{{
    {0x00AD, 0x00AD},    // soft hyphen
    {0x034F, 0x034F},    // combining grapheme joiner
    {0x061C, 0x061C},    // Arabic letter mark
    {0x115F, 0x1160},    // Hangul fillers
    {0x17B4, 0x17B5},    // Khmer inherent vowels
    {0x180B, 0x180F},    // Mongolian variation selectors and vowel separator
    {0x200B, 0x200F},    // zero-width space and joiners, direction marks
    {0x2028, 0x202E},    // line and paragraph separator, directional embeddings, overrides
    {0x2060, 0x206F},    // word joiner, invisible operators, directional isolates
    {0x3164, 0x3164},    // Hangul filler
    {0xFEFF, 0xFEFF},    // byte order mark
    {0xFFA0, 0xFFA0},    // halfwidth Hangul filler
    {0xFFF0, 0xFFFB},    // reserved, interlinear annotation
    {0x1BCA0, 0x1BCA3},  // shorthand format controls
    {0x1D173, 0x1D17A},  // musical symbol controls
    {0xE0000, 0xE00FF},  // tags
    {0xE01F0, 0xE0FFF},  // reserved
}};

bool is_safe(char32_t character) {
    return !is_control(character) && !is_invisible(character);
}

std::string filter(std::string_view text, bool keep_line_feeds) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        auto rest = text;
        const auto character = take_character(rest);
        if (!character) rest.remove_prefix(1);
        const bool keep =
            character && (is_safe(*character) || (keep_line_feeds && *character == line_feed));
        if (keep) {
            out += text.substr(0, text.size() - rest.size());
        } else {
            out += '?';
        }
        text = rest;
    }
    return out;
}

}  // namespace

std::optional<char32_t> take_character(std::string_view& text) {
    const auto byte = [&](std::size_t i) {
        return static_cast<char32_t>(static_cast<unsigned char>(text[i]));
    };
    const char32_t first = byte(0);
    std::size_t length = 0;
    // Smallest code point that requires `length` bytes. A smaller code point in that many bytes is
    // an overlong encoding. Reject it, because programs that search for control characters byte by
    // byte would not find one in such an encoding.
    char32_t smallest = 0;
    char32_t value = 0;
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
        return std::nullopt;
    }
    if (text.size() < length) return std::nullopt;
    for (std::size_t i = 1; i < length; ++i) {
        if (byte(i) >> 6 != 0b10) return std::nullopt;
        value = value << 6 | (byte(i) & 0x3F);
    }
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < smallest || value > last_character || surrogate) return std::nullopt;
    text.remove_prefix(length);
    return value;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        if (!take_character(text)) return false;
    }
    return true;
}

bool is_control(char32_t character) {
    return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

bool is_invisible(char32_t character) {
    return std::ranges::any_of(invisible, [=](const auto& range) {
        return character >= range.first && character <= range.second;
    });
}

std::string printable(std::string_view text) {
    return filter(text, false);
}

std::string printable_lines(std::string_view text) {
    return filter(text, true);
}

}  // namespace facebus

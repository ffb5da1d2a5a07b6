// Text in UTF-8: its characters, and which of them may be written to a terminal.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace facebus {

/// Removes the first character from `text` and returns its code point. Returns nothing and leaves
/// `text` unchanged if it does not begin with a valid UTF-8 sequence. Requires: `text` is not
/// empty.
std::optional<char32_t> take_character(std::string_view& text);

/// Returns whether the text is valid UTF-8.
bool is_utf8(std::string_view text);

/// Returns whether the character is a control character (C0, DEL or C1).
bool is_control(char32_t character);

/// Returns whether the character has no width or changes how others are displayed: bidirectional
/// controls, zero-width characters, line separators, and the other characters that Unicode calls
/// default ignorable. Variation selectors (except the Mongolian ones) are not included, because
/// they are part of visible characters such as emoji.
bool is_invisible(char32_t character);

/// Returns the text with '?' in place of each byte that is not UTF-8 and of each character that
/// could control a terminal or mislead its reader: those of is_control() and is_invisible().
std::string printable(std::string_view text);

/// Like printable(), but keeps line feeds.
std::string printable_lines(std::string_view text);

}  // namespace facebus

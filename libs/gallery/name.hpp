// Validates names and other text entered by users.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gallery {

/// Maximum size of a name in bytes.
inline constexpr std::size_t max_name_bytes = 200;

/// Returns whether the text is valid UTF-8 without control characters (C0, DEL, C1), so that it can
/// be written to a terminal unchanged.
bool is_printable(std::string_view text);

/// Returns the name of a subject without leading and trailing blanks. Names are case-sensitive.
/// Fails with `refused` if the result would be empty, longer than max_name_bytes, or not
/// printable (see is_printable()).
Result<std::string> clean_name(std::string_view name);

}  // namespace facebus::gallery

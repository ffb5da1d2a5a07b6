// What a name may be.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::gallery {

inline constexpr std::size_t max_name_bytes = 200;

/// Whether the text is valid UTF-8 without control characters (C0, DEL, C1), so that it can be
/// shown in a terminal or a web page as it is.
bool printable(std::string_view text);

/// A subject's name without the blanks around it. Refused: empty, longer than max_name_bytes, not
/// UTF-8, or with control characters. Names that differ in case are different names.
Result<std::string> clean_name(std::string_view name);

}  // namespace facebus::gallery

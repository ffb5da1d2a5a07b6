// Validates names and other text entered by users.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::gallery {

/// Maximum size of a name in bytes.
inline constexpr std::size_t max_name_bytes = 200;

/// Returns whether the text is valid UTF-8 without control characters (C0, DEL, C1).
bool is_text(std::string_view text);

/// Returns the name of a subject as it is stored: in Unicode's normalisation form C, without
/// leading and trailing blanks. Names are case-sensitive. The name must be text (see is_text())
/// without invisible characters (see is_invisible()), and the result must have 1 to max_name_bytes
/// bytes. Otherwise fails with `refused`.
Result<std::string> clean_name(std::string_view name);

/// Returns whether a stored subject can have this name. Earlier versions stored names in other
/// normalisation forms and with invisible characters; such subjects must remain usable.
bool is_stored_name(std::string_view name);

/// Returns the names under which the subject called `name` could be stored, in the order in which
/// they must be tried: `name` without leading and trailing blanks, then its normalisation forms C
/// and D. Fails with the error of clean_name() if no subject can have the name.
Result<std::vector<std::string>> stored_names(std::string_view name);

/// Returns the text without invisible characters.
std::string without_invisible(std::string_view text);

}  // namespace facebus::gallery

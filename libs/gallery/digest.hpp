// Secrets that are only to be known again.
#pragma once

#include <string>
#include <string_view>

namespace facebus::gallery {

/// SHA-256 as 64 hex digits.
std::string sha256(std::string_view text);

/// Whether they are equal, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace facebus::gallery

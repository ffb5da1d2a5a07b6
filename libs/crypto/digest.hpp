// Digests: of secrets that are only to be known again, and of what is to be known as ours.
#pragma once

#include <string>
#include <string_view>

namespace facebus::crypto {

/// SHA-256 as 64 hex digits.
std::string sha256(std::string_view text);

/// HMAC-SHA256 as 64 hex digits.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Whether they are equal, in a time that does not tell where they differ.
bool same_secret(std::string_view a, std::string_view b);

}  // namespace facebus::crypto

// Hashes, message authentication codes and comparison of secrets.
#pragma once

#include <string>
#include <string_view>

namespace facebus::crypto {

/// Returns the SHA-256 of `text` as 64 hex digits.
std::string sha256(std::string_view text);

/// Returns the HMAC-SHA256 of `text` as 64 hex digits.
std::string hmac_sha256(std::string_view key, std::string_view text);

/// Returns whether the secrets are equal. For secrets of equal length, the time does not depend on
/// their contents.
bool secrets_equal(std::string_view a, std::string_view b);

}  // namespace facebus::crypto

// Base64 (RFC 4648, standard alphabet, with padding).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace facebus::crypto {

/// Returns `bytes` in base64.
std::string base64(std::string_view bytes);

/// Decodes `text`. Returns nothing if it is not valid base64 or the result would exceed `limit`
/// bytes.
std::optional<std::string> from_base64(std::string_view text, std::size_t limit);

}  // namespace facebus::crypto

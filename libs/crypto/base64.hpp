// Base64 (RFC 4648, standard alphabet, with padding).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace facebus::crypto {

/// Encodes `bytes`.
std::string base64(std::string_view bytes);

/// Decodes `text`. Returns nothing if it is not base64 or decodes to more than `limit` bytes.
std::optional<std::string> from_base64(std::string_view text, std::size_t limit);

}  // namespace facebus::crypto

// Private to libs/gallery: checked integers from JSON. The JSON library converts out-of-range
// numbers silently.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace facebus::gallery {

/// Returns the value as a count. Throws std::domain_error if it is not an unsigned integer or is
/// above 2^62.
template <class Json>
std::uint64_t to_count(const Json& json) {
    if (!json.is_number_unsigned()) throw std::domain_error("a count is not a whole number");
    const auto value = json.template get<std::uint64_t>();
    if (value > std::uint64_t{1} << 62U) throw std::domain_error("a count is too large");
    return value;
}

}  // namespace facebus::gallery

// Private to libs/gallery: reads integers from JSON with a range check. The JSON library silently
// converts numbers that are out of range.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace facebus::gallery {

/// Returns the value as a count. Throws std::domain_error if it is not an unsigned integer or is
/// above 2^62.
template <class Json>
std::uint64_t to_count(const Json& json) {
    if (!json.is_number_unsigned()) throw std::domain_error("a count is not an unsigned integer");
    const auto value = json.template get<std::uint64_t>();
    if (value > std::uint64_t{1} << 62U) throw std::domain_error("a count is too large");
    return value;
}

}  // namespace facebus::gallery

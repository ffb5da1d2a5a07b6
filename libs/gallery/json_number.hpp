// Private to libs/gallery: numbers out of JSON, whose library converts them without asking whether
// they fit.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace facebus::gallery {

/// A count. Throws std::domain_error where it is none, or above 2^62.
template <class Json>
std::uint64_t whole_number(const Json& json) {
    if (!json.is_number_unsigned()) throw std::domain_error("a count is not a whole number");
    const auto value = json.template get<std::uint64_t>();
    if (value > std::uint64_t{1} << 62U) throw std::domain_error("a count is too large");
    return value;
}

}  // namespace facebus::gallery

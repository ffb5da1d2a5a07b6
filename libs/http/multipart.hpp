// Parser for multipart/form-data (RFC 7578). The input may be hostile.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::http {

/// One field of a form. All members are views into the body.
struct FormPart {
    std::string_view name;      ///< empty if absent
    std::string_view filename;  ///< empty if absent
    std::string_view content;
};

/// Parses a form in linear time and returns its parts in order. `type` is the Content-Type of the
/// request. Errors: unsupported (not multipart/form-data), malformed (invalid boundary, or an
/// incomplete form), too_large (more than `max_parts` parts, or a part whose headers exceed 2 KiB).
Result<std::vector<FormPart>> parse_form(std::string_view type, std::string_view body,
                                         std::size_t max_parts);

/// Returns the parameter `name` of a header such as `form-data; name="file"; filename="a.jpg"`.
/// Returns an empty string if the parameter is absent or the header is malformed.
std::string_view header_parameter(std::string_view header, std::string_view name);

/// Returns whether the strings are equal, ignoring the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace facebus::http

// multipart/form-data (RFC 7578) in the body of a request. Taken for hostile.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::http {

/// One field of a form. Views into the body.
struct FormPart {
    std::string_view name;      ///< empty: none
    std::string_view filename;  ///< empty: none
    std::string_view content;
};

/// The parts in order. `type` is the Content-Type of the request. Takes time in proportion to the
/// body. Unsupported: another type. Malformed: no boundary, a part without an end. Too
/// large: more than `most_parts`, headers of more than a kilobyte or so.
Result<std::vector<FormPart>> parse_form(std::string_view type, std::string_view body,
                                         std::size_t most_parts);

/// The value of a parameter in a header such as `form-data; name="file"; filename="a.jpg"`; empty
/// if it is not there.
std::string_view header_parameter(std::string_view header, std::string_view name);

/// Whether they are equal, but for the case of ASCII letters.
bool same_word(std::string_view a, std::string_view b);

}  // namespace facebus::http

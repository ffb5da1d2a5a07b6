// Reads the parts of uploaded forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/fault.hpp"
#include "http/multipart.hpp"

namespace facebus::gateway {

/// Parses a multipart/form-data body. The parts are views into the request's body. Fails with 415
/// if the body has a different type, and with the other errors of http::parse_form().
HttpResult<std::vector<http::FormPart>> read_form(const http::Request& request);
/// Returns the first part with this name. Fails if there is none.
HttpResult<http::FormPart> find_part(const std::vector<http::FormPart>& form,
                                     std::string_view name);

/// Returns the part's file name without its path, or "upload" if it is not a valid name (see
/// gallery::clean_name()).
std::string file_name_of(const http::FormPart& part);

}  // namespace facebus::gateway

// The parts of a form that was sent.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/image.hpp"
#include "gateway/fault.hpp"
#include "http/multipart.hpp"

namespace facebus::gateway {

/// The parts of the request's body; they point into it.
Answered<std::vector<http::FormPart>> form_of(const http::Request& request);
/// The one part of that name.
Answered<http::FormPart> part_of(const std::vector<http::FormPart>& form, std::string_view name);

/// The picture in a part, if it has no more than `max_megapixels`.
Answered<Image> picture_of(const http::FormPart& part, int max_megapixels);
/// What a sample keeps of the name of its file: the last part of the path.
std::string source_of(const http::FormPart& part);

}  // namespace facebus::gateway

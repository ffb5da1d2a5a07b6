// Reads images and other parts from uploaded forms.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/image.hpp"
#include "gateway/fault.hpp"
#include "http/multipart.hpp"

namespace facebus::gateway {

/// Parses a multipart body. The parts refer to the memory of the request.
Answered<std::vector<http::FormPart>> form_of(const http::Request& request);
/// Returns the first part with that name.
Answered<http::FormPart> part_of(const std::vector<http::FormPart>& form, std::string_view name);

/// Decodes the image in a part. Fails if it has more than `max_megapixels`.
Answered<Image> image_of(const http::FormPart& part, int max_megapixels);
/// Returns the file name without its path, which is stored with the sample.
std::string source_of(const http::FormPart& part);

}  // namespace facebus::gateway

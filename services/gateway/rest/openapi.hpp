// OpenAPI description of the REST API.
#pragma once

#include <string_view>

namespace facebus::gateway {

/// Returns the content of openapi.json, which is embedded at build time.
std::string_view openapi();

}  // namespace facebus::gateway

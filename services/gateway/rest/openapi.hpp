// What the API is, for machines.
#pragma once

#include <string_view>

namespace facebus::gateway {

/// The OpenAPI document: openapi.json beside this file.
std::string_view openapi();

}  // namespace facebus::gateway

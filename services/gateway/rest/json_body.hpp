// Parses JSON bodies of requests.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "gateway/fault.hpp"
#include "json.hpp"

namespace facebus::gateway {

/// Parses a JSON body. Fails with 400 if it is an object with a key that is not one of `keys`: a
/// misspelt optional key, such as the passphrase of an export, must not be ignored. Returns a
/// discarded value if the body is not JSON, so callers must check the type of the result.
HttpResult<Json> parse_json(const std::string& body, std::initializer_list<std::string_view> keys);

}  // namespace facebus::gateway

// Decoding of the target of an HTTP request: path and query. The input may be hostile.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace facebus::http {

/// Decoded target of a request.
struct Target {
    std::string path;  ///< begins with '/'
    /// Decoded parameters, sorted by name; those with the same name are in the order in which they
    /// occur.
    std::multimap<std::string, std::string> query;
};

/// Decodes a target of the form /path?name=value&name=value. Returns nothing if it does not begin
/// with '/' or contains a malformed percent escape.
std::optional<Target> decode_target(std::string_view target);

}  // namespace facebus::http

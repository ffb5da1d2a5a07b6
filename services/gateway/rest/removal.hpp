// Response to requests that remove, merge or ignore people.
#pragma once

#include <string>
#include <utility>

#include "gateway/backend.hpp"
#include "json.hpp"

namespace facebus::gateway {

/// Erases the traces of the people that the request removed. Returns the body of the response: the
/// keys of `body` and, if traces remain, `erasure_pending` with the reason. Requires: the request
/// holds no lease of Backend::stores, because this can take seconds.
inline std::string erase_traces(const Backend& backend, Json body) {
    if (const auto pending = backend.erase()) body["erasure_pending"] = *pending;
    return dump(body);
}

}  // namespace facebus::gateway

// Table of all routes of the gateway.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/live_api.hpp"
#include "gateway/live/unknown_faces.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes of the web page and of all operations in openapi.json. The arguments must
/// outlive the routes.
std::vector<Route> all_routes(const Backend& backend, const LiveState& live_state,
                              UnknownFaces& unknown_faces);

}  // namespace facebus::gateway

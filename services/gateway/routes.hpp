// Table of all routes of the gateway.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/live/live_api.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes of the web page and of every operation in openapi.json. The arguments must
/// outlive the routes.
std::vector<Route> routes(const Backend& backend, const LiveState& live_state, Inbox& inbox);

}  // namespace facebus::gateway

// Routes that list, name, ignore and dismiss unknown people.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes below /api/v1/unknown. The arguments must outlive the routes.
std::vector<Route> inbox_routes(const Backend& backend, Inbox& inbox);

}  // namespace facebus::gateway

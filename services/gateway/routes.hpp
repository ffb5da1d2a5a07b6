// All that the gateway answers.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/live/live_api.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// The page, its files and what openapi.json describes. What is given outlives the routes.
std::vector<Route> routes(const Backend& backend, const Happenings& happenings, Inbox& inbox);

}  // namespace facebus::gateway

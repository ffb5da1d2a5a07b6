// Strangers that were seen: who they are is said here.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

std::vector<Route> inbox_routes(const Backend& backend, Inbox& inbox);

}  // namespace facebus::gateway

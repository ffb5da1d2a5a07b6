// Recognise, detect, verify.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// The routes that look at pictures and change nothing.
std::vector<Route> picture_routes(const Backend& backend);

}  // namespace facebus::gateway

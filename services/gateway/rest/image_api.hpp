// Routes that recognise, detect and verify faces in uploaded images.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes that process images without changing the gallery.
std::vector<Route> image_routes(const Backend& backend);

}  // namespace facebus::gateway

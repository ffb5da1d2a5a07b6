// Routes that recognise, detect and verify faces in uploaded images.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes that process uploaded images and do not change the gallery.
std::vector<Route> image_routes(const Backend& backend);

}  // namespace facebus::gateway

// Subjects and faces of the gallery.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// The routes that CompreFace has for its collection.
std::vector<Route> collection_routes(const Backend& backend);
/// What it has no routes for: many pictures at once, merging, export and import.
std::vector<Route> gallery_routes(const Backend& backend);

}  // namespace facebus::gateway

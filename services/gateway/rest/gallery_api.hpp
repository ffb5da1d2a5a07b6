// Routes of the gallery: subjects and enrolled faces.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes that are compatible with CompreFace.
std::vector<Route> collection_routes(const Backend& backend);
/// Returns the routes that CompreFace lacks: ignoring subjects, enrolling many photos, merging,
/// export and import.
std::vector<Route> gallery_routes(const Backend& backend);

}  // namespace facebus::gateway

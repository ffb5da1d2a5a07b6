// Routes that manage the gallery: its subjects and their enrolled faces.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the gallery routes that are compatible with CompreFace.
std::vector<Route> compreface_gallery_routes(const Backend& backend);
/// Returns the gallery routes that CompreFace does not have: listing subjects with details,
/// ignoring subjects, enrolling many photos, merging subjects, export and import.
std::vector<Route> gallery_routes(const Backend& backend);

}  // namespace facebus::gateway

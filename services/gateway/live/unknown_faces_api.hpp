// Routes that list the faces of unknown people, and name, ignore or dismiss these people.
#pragma once

#include <vector>

#include "gateway/backend.hpp"
#include "gateway/live/unknown_faces.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Returns the routes below /api/v1/unknown. The arguments must outlive the routes.
std::vector<Route> unknown_faces_routes(const Backend& backend, UnknownFaces& unknown_faces);

}  // namespace facebus::gateway

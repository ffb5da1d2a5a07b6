// What happens now: results as they come, cameras, numbers.
#pragma once

#include <cstddef>
#include <vector>

#include "gateway/live/camera_board.hpp"
#include "gateway/live/live_view.hpp"
#include "gateway/live/result_numbers.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// What these routes tell of. Outlives them.
struct Happenings {
    LiveView live;
    CameraBoard cameras{};
    ResultNumbers numbers{};
};

/// At most `streams` clients listen at once; more are refused.
std::vector<Route> live_routes(const Happenings& happenings, std::size_t streams);

}  // namespace facebus::gateway

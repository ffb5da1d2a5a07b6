// Routes that return live results, cameras and statistics.
#pragma once

#include <cstddef>
#include <vector>

#include "gateway/live/camera_board.hpp"
#include "gateway/live/live_view.hpp"
#include "gateway/live/result_statistics.hpp"
#include "gateway/router.hpp"

namespace facebus::gateway {

/// Data that the live routes return. Must outlive the routes.
struct LiveState {
    LiveView live;
    CameraBoard cameras{};
    ResultStatistics statistics{};
};

/// Returns the routes. At most `max_streams` clients can stream results at the same time; further
/// requests to stream fail with 503.
std::vector<Route> live_routes(const LiveState& live_state, std::size_t max_streams);

}  // namespace facebus::gateway

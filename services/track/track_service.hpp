// Main loop of facebus-track.
#pragma once

#include <string>
#include <vector>

#include "service/runtime.hpp"
#include "track/options.hpp"

namespace facebus::track {

/// Reads faces, tracks them, and sends probes, track events and camera reports to the broker.
/// Blocks until a stop is requested. `broker_endpoint`: address for probes; `configured_cameras`:
/// cameras to report even if they deliver no frames.
void serve(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const std::vector<std::string>& configured_cameras);

}  // namespace facebus::track

// The loop of facebus-track.
#pragma once

#include <string>
#include <vector>

#include "service/runtime.hpp"
#include "track/options.hpp"

namespace facebus::track {

/// Reads faces, follows them, and sends probes, track events and camera reports to the broker until
/// the stop is requested.
void serve(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const std::vector<std::string>& configured_cameras);

}  // namespace facebus::track

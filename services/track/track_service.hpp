// The loop of facebus-track.
#pragma once

#include "service/runtime.hpp"

namespace facebus::track {

/// Reads faces, follows them, and sends probes, track events and camera reports to the broker until
/// the stop is requested.
void serve(service::Runtime& runtime);

}  // namespace facebus::track

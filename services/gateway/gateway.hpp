// The gateway service: REST API, web page, MQTT and webhooks.
#pragma once

#include "service/runtime.hpp"
#include "settings/settings.hpp"

namespace facebus::gateway {

/// Runs the gateway until runtime.stop is requested. Throws FatalError if the configuration is
/// invalid, a model is missing, the address is in use or Redis is unavailable.
void serve(service::Runtime& runtime, const settings::Settings& settings);

}  // namespace facebus::gateway

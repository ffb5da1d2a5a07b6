// The gateway: REST API, web page, MQTT and webhooks.
#pragma once

#include "service/runtime.hpp"
#include "settings/settings.hpp"

namespace facebus::gateway {

/// Serves until the stop of the runtime. Throws StartupError for a mistake in the configuration, a
/// missing model, an address in use, or if Redis is unavailable.
void serve(service::Runtime& runtime, const settings::Settings& settings);

}  // namespace facebus::gateway

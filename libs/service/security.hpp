// From facebus.yaml to the protection of the bus.
#pragma once

#include "bus/security.hpp"
#include "service/settings.hpp"

namespace facebus::service {

/// Reads the key files that `bus` names. Throws StartupError (config) that names the setting.
bus::Security bus_security(const Settings& settings);

}  // namespace facebus::service

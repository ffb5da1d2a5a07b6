// Notifications to the supervisor of the process, such as systemd.
#pragma once

#include <string>

namespace facebus::service {

/// Sends `state`, such as "READY=1", to the datagram socket $NOTIFY_SOCKET, as systemd's
/// sd_notify(3) does. Does nothing if the variable is not set. Ignores errors.
void notify(const std::string& state);

}  // namespace facebus::service

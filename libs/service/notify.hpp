// Readiness notification for the supervisor of a process.
#pragma once

#include <string>

namespace facebus::service {

/// Sends `state`, such as "READY=1", to the datagram socket named by $NOTIFY_SOCKET, using the
/// protocol of systemd's sd_notify(3). Does nothing if the variable is not set; ignores errors.
void notify(const std::string& state);

}  // namespace facebus::service

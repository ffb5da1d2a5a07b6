// Telling whoever started the process that it is ready.
#pragma once

#include <string>

namespace facebus::service {

/// Sends `state` (such as "READY=1") to the datagram socket named by $NOTIFY_SOCKET, in the
/// protocol of systemd's sd_notify(3). Does nothing where the variable is not set.
void notify(const std::string& state);

}  // namespace facebus::service

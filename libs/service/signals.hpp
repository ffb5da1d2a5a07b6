// Ctrl-C and SIGTERM become a stop request.
#pragma once

#include "base/stop.hpp"

namespace facebus::service {

/// From now on SIGINT and SIGTERM request `stop`, and SIGPIPE is ignored. `stop` must live as long
/// as the process. Call once, before anything slow: a signal before this ends the process at once,
/// which is as clean, since nothing has been opened.
void stop_on_signals(Stop& stop);

}  // namespace facebus::service

// Converts the signals SIGINT (Ctrl-C) and SIGTERM to a stop request.
#pragma once

#include "base/stop.hpp"

namespace facebus::service {

/// Makes SIGINT and SIGTERM request `stop`, and ignores SIGPIPE. Requires: called once, at the
/// start of the program; `stop` exists until the process exits. SIGINT or SIGTERM before this call
/// terminates the process immediately.
void stop_on_signals(Stop& stop);

}  // namespace facebus::service

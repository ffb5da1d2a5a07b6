// Conversion of SIGINT (Ctrl-C) and SIGTERM to a stop request.
#pragma once

#include "base/stop.hpp"

namespace facebus::service {

/// Makes SIGINT and SIGTERM request `stop`, and ignores SIGPIPE. Call it once, at the start of the
/// program: an earlier signal terminates the process immediately, which is harmless while nothing
/// is open. Requires: `stop` exists until the process ends.
void stop_on_signals(Stop& stop);

}  // namespace facebus::service

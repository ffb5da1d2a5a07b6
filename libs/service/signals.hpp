// Signals: SIGINT (Ctrl-C) and SIGTERM request a stop, SIGHUP requests a reload.
#pragma once

#include "base/stop.hpp"

namespace facebus::service {

/// Makes SIGINT and SIGTERM request `stop`, and ignores SIGPIPE. Requires: called once, at the
/// start of the program; `stop` exists until the process exits. SIGINT or SIGTERM before this call
/// terminates the process immediately.
void stop_on_signals(Stop& stop);

/// Makes SIGINT and SIGTERM terminate the process immediately again.
void terminate_on_signals();

/// Blocks SIGHUP: it stays pending until take_reload_request() and interrupts nothing. Requires:
/// called before other threads are created, because they inherit the signal mask. SIGHUP before
/// this call terminates the process.
void hold_reload_requests();

/// Returns whether SIGHUP was received since the last call.
[[nodiscard]] bool take_reload_request();

}  // namespace facebus::service

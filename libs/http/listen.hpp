// Private to libs/service: a server of cpp-httplib at an address from the configuration.
#pragma once

#include <string>
#include <thread>

#include <httplib.h>

namespace facebus::http {

/// Binds the server to `address` (host:port, port 0 for a free one), which came from `setting`, and
/// runs it in `thread`. Returns host:port as bound, when the server takes requests. Throws
/// StartupError that names the setting if it can't listen.
std::string listen(httplib::Server& server, std::jthread& thread, const std::string& address,
                   const std::string& setting);

}  // namespace facebus::http

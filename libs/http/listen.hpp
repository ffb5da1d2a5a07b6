// Private to libs/http and libs/service: starts a cpp-httplib server at a configured address.
#pragma once

#include <string>
#include <thread>

#include <httplib.h>

namespace facebus::http {

/// Binds the server to `address` (host:port; port 0: any free port) and runs it in `thread`.
/// Returns the actual host:port once the server accepts requests. Throws `FatalError` if the server
/// cannot listen; the message names `setting`, the configuration key of the address.
std::string listen(httplib::Server& server, std::jthread& thread, const std::string& address,
                   const std::string& setting);

}  // namespace facebus::http

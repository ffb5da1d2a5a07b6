#include "http/listen.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "http/address.hpp"

namespace facebus::http {

std::string listen(httplib::Server& server, std::jthread& thread, const std::string& address,
                   const std::string& setting) {
    const auto parsed = parse_address(address);
    if (!parsed) {
        throw FatalError(Exit::config, fmt::format("{}: \"{}\" does not have the form host:port",
                                                   setting, address));
    }
    // By default the library allows two processes to share a port. Here that must be an error.
    server.set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    int port = parsed->port;
    const bool bound = port == 0 ? (port = server.bind_to_any_port(parsed->host)) > 0
                                 : server.bind_to_port(parsed->host, port);
    if (!bound) {
        throw FatalError(
            Exit::unavailable,
            fmt::format("cannot listen on {}: the address is in use, does not belong to this "
                        "machine or requires privileges; stop the program that uses it, or change "
                        "{}",
                        address, setting));
    }
    thread = std::jthread([&server] { server.listen_after_bind(); });
    // stop() has no effect before the server is running, so wait until it is.
    while (!server.is_running()) std::this_thread::yield();
    const bool ipv6 = parsed->host.find(':') != std::string::npos;
    return ipv6 ? fmt::format("[{}]:{}", parsed->host, port)
                : fmt::format("{}:{}", parsed->host, port);
}

}  // namespace facebus::http

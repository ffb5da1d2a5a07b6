// Addresses of the form host:port.
#pragma once

#include <optional>
#include <string>

namespace facebus::http {

/// Address of a server.
struct Address {
    std::string host;
    int port = 0;  ///< 0: any free port
};

/// Parses host:port. An IPv6 address is written in brackets, as in [::1]:8000. Returns nothing if
/// `text` is malformed.
std::optional<Address> parse_address(const std::string& text);

/// Returns whether the address is reachable only from this machine.
bool is_loopback(const Address& address);

}  // namespace facebus::http

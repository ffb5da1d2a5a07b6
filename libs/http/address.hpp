// Where a server listens.
#pragma once

#include <optional>
#include <string>

namespace facebus::http {

struct Address {
    std::string host;
    int port = 0;  ///< 0: a free one
};

/// Nothing if the text is not host:port. An IPv6 address stands in brackets: [::1]:8000.
std::optional<Address> parse_address(const std::string& text);

/// Whether only this machine reaches it.
bool is_loopback(const Address& address);

}  // namespace facebus::http

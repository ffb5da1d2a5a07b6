#include "http/address.hpp"

#include <array>
#include <charconv>

#include <arpa/inet.h>

namespace facebus::http {

std::optional<Address> parse_address(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || colon == 0) return std::nullopt;
    Address address{.host = text.substr(0, colon)};
    if (address.host.starts_with('[') && address.host.ends_with(']')) {
        address.host = address.host.substr(1, address.host.size() - 2);
    }
    const auto* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, address.port);
    if (error != std::errc{} || rest != end || address.port < 0 || address.port > 65535) {
        return std::nullopt;
    }
    return address;
}

bool is_loopback(const Address& address) {
    if (address.host == "localhost" || address.host == "::1") return true;
    // Compare the number, because host names such as 127.example.com also begin with 127.
    std::array<unsigned char, 4> bytes{};
    return inet_pton(AF_INET, address.host.c_str(), bytes.data()) == 1 && bytes[0] == 127;
}

}  // namespace facebus::http

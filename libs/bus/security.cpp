#include "bus/security.hpp"

namespace facebus::bus {
namespace {

constexpr std::string_view tcp = "tcp://";

}  // namespace

bool is_tcp(std::string_view endpoint) {
    return endpoint.starts_with(tcp);
}

bool is_loopback(std::string_view endpoint) {
    if (!is_tcp(endpoint)) return false;
    auto host = endpoint.substr(tcp.size());
    host = host.substr(0, host.rfind(':'));
    // "127.evil.example" is a name, and a name may stand for anything.
    const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

}  // namespace facebus::bus

#include "bus/stream.hpp"

#include <charconv>

namespace facebus::bus {

std::string lossless_endpoint(const std::string& endpoint) {
    if (!endpoint.starts_with("tcp://")) return endpoint + ".lossless";
    const auto port_begin = endpoint.rfind(':') + 1;
    const auto* const end = endpoint.data() + endpoint.size();
    unsigned port = 0;
    const auto parsed = std::from_chars(endpoint.data() + port_begin, end, port);
    // An invalid port is reported when the socket uses the endpoint.
    if (parsed.ec != std::errc() || parsed.ptr != end) return endpoint;
    return endpoint.substr(0, port_begin) + std::to_string(port + 1);
}

}  // namespace facebus::bus

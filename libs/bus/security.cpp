#include "bus/security.hpp"

#include <fmt/format.h>

namespace facebus::bus {
namespace {

constexpr std::string_view tcp = "tcp://";

/// Returns the value, or throws a `FatalError` that names `setting`.
template <class T>
T value_or_throw(Result<T> read, const char* setting) {
    if (read) return std::move(*read);
    throw FatalError(Exit::config, fmt::format("{}: {}", setting, read.error().message));
}

}  // namespace

Security read_security(const SecurityOptions& options) {
    Security security{.allow_unencrypted = options.allow_unencrypted, .allowed = options.allowed};
    if (!options.key.empty())
        security.own_keys = value_or_throw(read_secret_key(options.key), "bus.key");
    if (!options.broker.empty()) {
        const auto broker = value_or_throw(read_public_key(options.broker), "bus.broker");
        if (broker.role != "broker") {
            throw FatalError(
                Exit::config,
                fmt::format("bus.broker: {} contains a key with the role {}; set bus.broker "
                            "to the broker's .pub file",
                            options.broker, broker.role));
        }
        security.broker_key = broker.key;
    }
    return security;
}

bool is_tcp(std::string_view endpoint) {
    return endpoint.starts_with(tcp);
}

bool is_loopback(std::string_view endpoint) {
    if (!is_tcp(endpoint)) return false;
    auto host = endpoint.substr(tcp.size());
    host = host.substr(0, host.rfind(':'));
    // "127.evil.example" is a host name, which can resolve to any address.
    const bool address = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host == "localhost" || host == "[::1]" || (address && host.starts_with("127."));
}

}  // namespace facebus::bus

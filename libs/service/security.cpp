#include "service/security.hpp"

#include <fmt/format.h>

namespace facebus::service {
namespace {

template <class T>
T must_read(Result<T> read, const char* setting) {
    if (read) return std::move(*read);
    throw StartupError(Exit::config, fmt::format("{}: {}", setting, read.error().message));
}

bus::Security::Plain plain(const std::string& name) {
    using Plain = bus::Security::Plain;
    if (name == "loopback") return Plain::loopback;
    return name == "anywhere" ? Plain::anywhere : Plain::never;
}

}  // namespace

bus::Security bus_security(const Settings& settings) {
    const auto& set = settings.bus;
    bus::Security security{.plain = plain(set.plain), .allowed = set.allowed};
    if (!set.key.empty()) security.own = must_read(bus::read_secret_key(set.key), "bus.key");
    if (!set.broker.empty()) {
        const auto broker = must_read(bus::read_public_key(set.broker), "bus.broker");
        if (broker.role != "broker") {
            throw StartupError(Exit::config,
                               fmt::format("bus.broker: {} is the key of a {}, not of a broker",
                                           set.broker, broker.role));
        }
        security.broker_key = broker.key;
    }
    return security;
}

}  // namespace facebus::service

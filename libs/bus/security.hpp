// Protection of endpoints that cross machines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/option.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// Encryption of TCP sockets. Every TCP socket uses CURVE, which encrypts it and authenticates the
/// peer by its key, unless `allow_unencrypted` permits otherwise. ipc:// is protected by the
/// permissions of its folder.
struct Security {
    /// Which TCP endpoints may be used without keys.
    enum class Unencrypted {
        never,     ///< none
        loopback,  ///< those reachable only from this machine
        anywhere,  ///< all, for a trusted network
    };
    Unencrypted allow_unencrypted = Unencrypted::never;
    std::optional<KeyPair>
        own{};  ///< keys of this process; none: TCP only as `allow_unencrypted` permits
    std::string broker_key{};  ///< public key of the broker, for processes that connect to it
    std::filesystem::path allowed{};  ///< folder of the AllowList; empty: listening with keys fails
};

/// The section `bus` of facebus.yaml: file names of the keys.
struct SecurityOptions {
    std::string key{};
    std::string broker{};
    std::string allowed{};
    Security::Unencrypted allow_unencrypted = Security::Unencrypted::never;

    static void keys(auto& self, auto&& key) {
        key("key", self.key,
            "secret key file (.key) of this process, created by `facebus keygen`; encrypts every "
            "tcp:// endpoint and authenticates its peers");
        key("broker", self.broker,
            "public key file (.pub) of the broker, for processes that connect to it");
        key("allowed", self.allowed, "broker: folder of the public keys (.pub) that may connect");
        key("allow_unencrypted", self.allow_unencrypted,
            Choices<Security::Unencrypted>{{{"never", Security::Unencrypted::never},
                                            {"loopback", Security::Unencrypted::loopback},
                                            {"anywhere", Security::Unencrypted::anywhere}}},
            "which tcp:// endpoints may be used without keys and encryption; ipc:// is protected "
            "by the permissions of its folder");
    }
};

/// Reads the key files. Throws `FatalError` (config) naming the setting if one is invalid.
Security read_security(const SecurityOptions& options);

/// Returns whether the endpoint is tcp://.
bool is_tcp(std::string_view endpoint);
/// Returns whether a TCP endpoint is reachable only from this machine.
bool is_loopback(std::string_view endpoint);

}  // namespace facebus::bus

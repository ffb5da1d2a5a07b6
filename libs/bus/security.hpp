// Encryption and authentication of connections between machines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/option.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// Encryption of TCP sockets. Every TCP socket uses CURVE, which encrypts the connection and
/// authenticates the peer by its key, unless `allow_unencrypted` permits otherwise. Exception: a
/// socket that listens without a role (see SocketOptions) never uses CURVE. An ipc:// endpoint is
/// protected by the permissions of its folder.
struct Security {
    /// TCP endpoints that may be used without keys.
    enum class Unencrypted {
        never,     ///< no endpoints
        loopback,  ///< endpoints that are reachable only from this machine
        anywhere,  ///< all endpoints; for a trusted network
    };
    Unencrypted allow_unencrypted = Unencrypted::never;
    /// Keys of this process. Without keys, it can use only the TCP endpoints that
    /// `allow_unencrypted` permits.
    std::optional<KeyPair> own_keys{};
    /// Public key of the broker, for processes that connect to the broker.
    std::string broker_key{};
    /// Folder of the AllowList. Required for listening on a TCP endpoint with keys.
    std::filesystem::path allowed{};
};

/// The section `bus` of facebus.yaml.
struct SecurityOptions {
    std::string key{};
    std::string broker{};
    std::string allowed{};
    Security::Unencrypted allow_unencrypted = Security::Unencrypted::never;

    static void keys(auto& self, auto&& key) {
        key("key", self.key,
            "secret key file (.key) of this process, created by `facebus keygen`; for encrypted "
            "and authenticated connections at the tcp:// endpoints of the broker");
        key("broker", self.broker,
            "public key file (.pub) of the broker, for processes that connect to it");
        key("allowed", self.allowed,
            "broker: folder with the public keys (.pub) of the peers that may connect");
        key("allow_unencrypted", self.allow_unencrypted,
            Choices<Security::Unencrypted>{{{"never", Security::Unencrypted::never},
                                            {"loopback", Security::Unencrypted::loopback},
                                            {"anywhere", Security::Unencrypted::anywhere}}},
            "tcp:// endpoints that may be used without keys and thus without encryption; an ipc:// "
            "endpoint is protected by the permissions of its folder");
    }
};

/// Reads the key files. Throws `FatalError` (config) that names the setting if a file is invalid.
Security read_security(const SecurityOptions& options);

/// Returns whether the endpoint is tcp://.
bool is_tcp(std::string_view endpoint);
/// Returns whether a TCP endpoint is reachable only from this machine.
bool is_loopback(std::string_view endpoint);

}  // namespace facebus::bus

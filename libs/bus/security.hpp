// Encryption and authentication of connections between machines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/option.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// Encryption of TCP sockets. If `own_keys` is set, TCP sockets use CURVE, which encrypts the
/// connection and authenticates both peers by their keys. Exception: a socket that listens without
/// a role (see SocketOptions) never uses CURVE. Without CURVE, a socket can use only the TCP
/// endpoints that `allow_unencrypted` permits. An ipc:// endpoint is protected by the permissions
/// of its folder.
struct Security {
    /// TCP endpoints that may be used without CURVE.
    enum class Unencrypted {
        never,     ///< no endpoints
        loopback,  ///< endpoints that are reachable only from this machine
        anywhere,  ///< all endpoints; for a trusted network
    };
    Unencrypted allow_unencrypted = Unencrypted::never;
    /// Keys of this process.
    std::optional<KeyPair> own_keys{};
    /// Public key of the broker. Required if `own_keys` is set and the process connects to a TCP
    /// endpoint.
    std::string broker_key{};
    /// Folder of the AllowList. Required if `own_keys` is set and a socket with a role listens on a
    /// TCP endpoint.
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
            "secret key file (.key) of this process, created by `facebus keygen`; if set, tcp:// "
            "connections between the broker and other processes are encrypted and authenticated");
        key("broker", self.broker,
            "public key file (.pub) of the broker, for processes that connect to it");
        key("allowed", self.allowed,
            "broker: folder with the public keys (.pub) of the peers that may connect");
        key("allow_unencrypted", self.allow_unencrypted,
            Choices<Security::Unencrypted>{{{"never", Security::Unencrypted::never},
                                            {"loopback", Security::Unencrypted::loopback},
                                            {"anywhere", Security::Unencrypted::anywhere}}},
            "tcp:// endpoints that may be used without encryption; loopback: only those that are "
            "reachable from this machine alone");
    }
};

/// Reads the key files. Throws a `FatalError` (config) that names the setting if a file is
/// unreadable or invalid.
Security read_security(const SecurityOptions& options);

/// Returns whether the endpoint begins with tcp://.
bool is_tcp(std::string_view endpoint);
/// Returns whether the endpoint is a TCP endpoint that is reachable only from this machine.
bool is_loopback(std::string_view endpoint);

}  // namespace facebus::bus

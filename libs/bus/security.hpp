// How endpoints that cross machines are protected.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/option.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// Every TCP socket is encrypted and knows its peer by key (CURVE), or the configuration says by
/// name that it may go without. What goes over ipc:// is protected by the rights of its folder.
struct Security {
    enum class Plain {
        never,     ///< no TCP without keys
        loopback,  ///< only within this machine
        anywhere,  ///< for a network that is trusted as a whole
    };
    Plain plain = Plain::never;
    std::optional<KeyPair> own{};     ///< this process' keys; none: TCP as `plain` says
    std::string broker_key{};         ///< public key of the broker, for whoever connects to it
    std::filesystem::path allowed{};  ///< the broker's AllowList; empty: it can't listen with keys
};

/// What facebus.yaml says about Security: key files by name.
struct SecurityOptions {
    std::string key{};
    std::string broker{};
    std::string allowed{};
    Security::Plain plain = Security::Plain::never;

    static void keys(auto& self, auto&& key) {
        key("key", self.key,
            "secret key file (.key) of this process, created by `facebus keygen`; encrypts every "
            "tcp:// endpoint and authenticates its peers");
        key("broker", self.broker,
            "public key file (.pub) of the broker, for processes that connect to it");
        key("allowed", self.allowed, "broker: folder of the public keys (.pub) that may connect");
        key("plain", self.plain,
            Choices<Security::Plain>{{{"never", Security::Plain::never},
                                      {"loopback", Security::Plain::loopback},
                                      {"anywhere", Security::Plain::anywhere}}},
            "which tcp:// endpoints may be used without keys and encryption; ipc:// is protected "
            "by the permissions of its folder");
    }
};

/// Reads the key files. Throws StartupError (config) that names the setting.
Security read_security(const SecurityOptions& options);

bool is_tcp(std::string_view endpoint);
/// Whether a TCP endpoint can be reached from this machine only.
bool is_loopback(std::string_view endpoint);

}  // namespace facebus::bus

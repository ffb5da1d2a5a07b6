// How endpoints that cross machines are protected.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

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

bool is_tcp(std::string_view endpoint);
/// Whether a TCP endpoint can be reached from this machine only.
bool is_loopback(std::string_view endpoint);

}  // namespace facebus::bus

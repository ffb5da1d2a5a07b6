// CURVE keys and their files. CURVE is ZeroMQ's encryption and authentication of connections.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::bus {

/// CURVE key pair. Each half is 40 characters of Z85 (ZeroMQ RFC 32).
struct KeyPair {
    std::string public_key;
    std::string secret_key;
};

/// Returns a new random pair. Throws `FatalError` (unavailable) if libzmq was built without
/// CURVE.
KeyPair make_key_pair();

/// Contents of a .pub file: the line `<role> <key> <name>`, and for an edge optionally the line
/// `cameras <name or pattern>,<name or pattern>,...`.
struct PublicKey {
    std::string role;  ///< one of key_roles
    std::string key;
    std::string name;  ///< name of the owner, valid according to wire::valid_source()
    /// Cameras that the edge may report, valid according to valid_camera_pattern(). Empty: all.
    std::vector<std::string> cameras{};
};

/// Roles of a key: the broker itself, or a kind of peer. A peer may connect only to the broker's
/// endpoint for its role.
inline constexpr std::string_view key_roles[] = {"broker", "edge", "worker", "subscriber"};
/// Returns whether `role` is one of key_roles.
bool valid_role(std::string_view role);

/// Returns whether `text` is the name of a camera or a pattern: 1 to 64 letters, digits, '_', '-',
/// and '*', which stands for any characters.
bool valid_camera_pattern(std::string_view text);

/// Parses names and patterns of cameras separated by commas. Errors: malformed.
Result<std::vector<std::string>> parse_cameras(std::string_view text);

/// Returns the contents of a .pub file.
std::string format(const PublicKey& key);
/// Parses the contents of a .pub file. The last line end may be missing. Errors: malformed.
Result<PublicKey> parse_public_key(std::string_view text);

/// Reads NAME.pub. Errors: unavailable or malformed, with the name of the file.
Result<PublicKey> read_public_key(const std::filesystem::path& file);
/// Reads NAME.key, which contains the line `secret <key>`. Errors: unavailable or malformed, with
/// the name of the file; refused if every user on the machine can read the file.
Result<KeyPair> read_secret_key(const std::filesystem::path& file);

/// Writes NAME.key, which only its owner can read, and NAME.pub, which includes `cameras` unless
/// the list is empty. Creates `folder` if necessary. Errors: exists if either file exists;
/// unavailable if the folder or a file cannot be created.
Result<void> write_key_pair(const std::filesystem::path& folder, const std::string& role,
                            const std::string& name, const KeyPair& keys,
                            const std::vector<std::string>& cameras = {});

}  // namespace facebus::bus

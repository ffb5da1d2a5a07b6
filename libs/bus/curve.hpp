// Keys of the encryption between machines (ZeroMQ's CURVE), and the files that they are kept in.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus::bus {

/// A CURVE key pair; each half is 40 characters of Z85 (ZeroMQ RFC 32).
struct KeyPair {
    std::string public_key;
    std::string secret_key;
};

/// A new pair from the system's random numbers.
KeyPair make_key_pair();

/// Whose key it is and what it is for: the line `<role> <key> <name>` of a .pub file.
struct PublicKey {
    std::string role;  ///< one of key_roles
    std::string key;
    std::string name;  ///< a valid wire source
};

/// What a key may be for: the broker itself, or what may connect to which of its endpoints.
inline constexpr std::string_view key_roles[] = {"broker", "edge", "worker", "subscriber"};
bool valid_role(std::string_view role);

/// The line of a .pub file, without its end.
std::string format(const PublicKey& key);
/// Malformed: anything but one such line, perhaps with an end of line.
Result<PublicKey> parse_public_key(std::string_view text);

/// Reads NAME.pub. Error: unavailable or malformed, with the name of the file.
Result<PublicKey> read_public_key(const std::filesystem::path& file);
/// Reads NAME.key, which holds the line `secret <key>`. Error as above; refused if everybody on the
/// machine may read the file.
Result<KeyPair> read_secret_key(const std::filesystem::path& file);

/// Writes NAME.key, which only its owner may read, and NAME.pub into `folder`, which is made if it
/// is not there. Error: exists if one of them is there; unavailable.
Result<void> write_key_pair(const std::filesystem::path& folder, const std::string& role,
                            const std::string& name, const KeyPair& keys);

}  // namespace facebus::bus

// API keys for the REST API: their roles, and the file that stores them.
//
// A key is 128 random bits in the form of a UUID, which CompreFace's clients require. The file
// stores the SHA-256 hash of each key, not the key itself. A slow hash would not add security,
// because 128 random bits cannot be guessed. The file has one line per key, `ROLE HASH NAME`. Empty
// lines and lines that begin with # are skipped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::api_keys {

/// Permissions of a key. Each role includes the permissions of the roles before it.
enum class Role {
    read,   ///< may recognise faces in images, list the gallery, and see results and unknown faces
    enrol,  ///< may also add, change and remove subjects and faces, and see photos
    admin,  ///< may also remove all subjects or all faces, and export and import the gallery
};
std::string_view to_string(Role role);
/// Parses the name of a role. Fails with `malformed` if no role has that name.
Result<Role> parse_role(std::string_view text);

/// Entry of a key file. It contains the hash of the key instead of the key.
struct Key {
    Role role{};
    std::string hash;  ///< SHA-256 of the key, as 64 lower-case hex digits
    std::string name;  ///< name of the key: 1 to 64 characters from A-Z, a-z, 0-9, _ and -
};

/// Returns a new random key of 36 characters.
std::string new_key();
/// Hashes a key and returns its entry for a key file. Requires: `name` is valid; see Key::name.
Key hash_key(Role role, std::string_view key, std::string name);

/// Content of a key file.
struct KeyFile {
    std::vector<Key> keys;
    /// Error about the first invalid line, with its number; kind `malformed`. Invalid lines are
    /// skipped and all others apply. If the whole file were rejected instead, keys whose lines were
    /// removed would stay valid.
    std::optional<Error> problem{};
};
/// Parses the text of a key file.
KeyFile parse(std::string_view text);
/// Reads a key file. Fails with `unavailable` if the file cannot be read, with `malformed` if it is
/// too large, and with `refused` if every user on this machine can write to it. All messages,
/// including that of KeyFile::problem, contain the path of the file.
Result<KeyFile> read(const std::filesystem::path& file);
/// Adds a key to a key file. Creates the file if it does not exist. Fails with `exists` if the file
/// has a key with the same name, with `malformed` if it has an invalid line, with `unavailable` if
/// it cannot be written, and with the errors of read().
Result<void> add(const std::filesystem::path& file, const Key& key);

/// Returns the index of the entry for `key` in `keys`, or keys.size() if there is none. Compares
/// each hash in constant time, so that the duration reveals nothing about the stored hashes.
std::size_t find(const std::vector<Key>& keys, std::string_view key);

}  // namespace facebus::api_keys

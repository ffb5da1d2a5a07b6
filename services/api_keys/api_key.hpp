// Keys for the REST API: their roles and the file that stores them.
//
// A key is 128 random bits, written as a UUID, as CompreFace's clients expect. Only its SHA-256 is
// stored. A slow hash would add nothing, because that many random bits can't be guessed. A file has
// one line per key, `ROLE HASH NAME`. Empty lines and lines that start with # are skipped.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::api_keys {

/// What a key permits. Each role includes the ones before it.
enum class Role {
    read,   ///< recognise, detect, verify, list
    enrol,  ///< add, rename and remove subjects and faces
    admin,  ///< remove all, export and import
};
std::string_view to_string(Role role);
/// Parses the name of a role. Error `malformed`: there is no such role.
Result<Role> parse_role(std::string_view text);

struct Key {
    Role role{};
    std::string hash;  ///< SHA-256 of the key, 64 hex digits
    std::string name;  ///< 1 to 64 letters, digits, '_' and '-'
};

/// Returns a new random key of 36 characters.
std::string new_key();
/// Returns the entry that stores the key. Requires: `name` is valid; see Key.
Key hash_key(Role role, std::string_view key, std::string name);

/// Parses the text of a key file. Error `malformed`, which names the line: the line is invalid.
Result<std::vector<Key>> parse(std::string_view text);
/// Reads a key file. Errors: `unavailable` if it can't be read, `malformed` (names file and line)
/// if a line is invalid, `refused` if every user on this machine can write it.
Result<std::vector<Key>> read(const std::filesystem::path& file);
/// Adds a key to the file, which is created if missing. Error `exists`: a key of that name is in
/// it. Other errors as read().
Result<void> add(const std::filesystem::path& file, const Key& key);

/// Returns the index of the key in `keys`, or keys.size() if it is not among them. Takes the same
/// time for every key, so that the time reveals nothing.
std::size_t find(const std::vector<Key>& keys, std::string_view key);

}  // namespace facebus::api_keys

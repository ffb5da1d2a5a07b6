// Keys to the REST API: what each may do, and how they are kept.
//
// A key is 128 random bits, written as a UUID, which is what CompreFace's clients expect. Kept is
// only its SHA-256: there is nothing to guess in so many random bits, so a slow hash would add
// nothing. A file has a line a key, `ROLE HASH NAME`; empty lines and those with # are passed over.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace facebus::api_keys {

/// Each may do what those before it may.
enum class Role {
    read,   ///< recognise, detect, verify, list
    enrol,  ///< add, rename and remove subjects and faces
    admin,  ///< remove all, export and import
};
std::string_view to_string(Role role);
/// Malformed: none of them.
Result<Role> parse_role(std::string_view text);

struct Key {
    Role role{};
    std::string hash;  ///< SHA-256 of the key, 64 hex digits
    std::string name;  ///< 1 to 64 letters, digits, '_' and '-'
};

/// 36 characters that nobody had before.
std::string new_key();
/// Precondition: a good name.
Key hashed(Role role, std::string_view key, std::string name);

/// The keys of a file's text. Malformed: names the line.
Result<std::vector<Key>> parse(std::string_view text);
/// The keys of a file. Unavailable: can't be read. Malformed: names file and line. Refused:
/// everybody on this machine may write it.
Result<std::vector<Key>> read(const std::filesystem::path& file);
/// Adds a key to the file, which is made if it is not there. Exists: there is one of that name.
/// Other errors as read().
Result<void> add(const std::filesystem::path& file, const Key& key);

/// The place of the key in `keys`, or their number if it is none of them; in a time that does not
/// depend on which it is.
std::size_t find(const std::vector<Key>& keys, std::string_view key);

}  // namespace facebus::api_keys

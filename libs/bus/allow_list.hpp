// Public keys of the peers that may connect to the broker.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "bus/curve.hpp"

namespace facebus::bus {

/// Entry of the AllowList.
struct AllowedKey {
    std::string name;  ///< name of the .pub file without the suffix
    std::string role;
    /// Cameras that an edge with this key may report, as names or patterns in which '*' matches any
    /// characters. Empty: all cameras.
    std::vector<std::string> cameras{};

    bool operator==(const AllowedKey&) const = default;
};

/// Set of allowed public keys: the .pub files of a folder. A peer with the matching secret key may
/// connect to the endpoint for the role of the key. If the folder is unreadable, the set does not
/// change. If a file is unreadable or invalid, its entry does not change. A key is removed only if
/// its file is removed or contains another valid key. Thread-safe.
class AllowList {
  public:
    /// Throws `FatalError` (config) if `folder` is unreadable, contains an invalid .pub file, or
    /// contains two with the same key.
    explicit AllowList(std::filesystem::path folder);

    /// Returns the entry of `key` (Z85), or null if the key is not allowed for `role`. Returns the
    /// same object as earlier calls if the entry has not changed.
    [[nodiscard]] std::shared_ptr<const AllowedKey> find(const std::string& role,
                                                         const std::string& key) const;
    /// Returns AllowedKey::name of the .pub file that contains `key`, or of the last one that did.
    /// Returns an empty string if no file has ever contained the key.
    [[nodiscard]] std::string name_of(const std::string& key) const;

    /// Rereads the folder and returns the number of allowed keys. Applies the valid files even if
    /// others are invalid. Errors: unavailable (the folder or a file is unreadable), malformed (a
    /// file is invalid or contains the key of another one).
    Result<std::size_t> refresh();

  private:
    struct Entry {
        std::string key;
        std::shared_ptr<const AllowedKey> allowed;
    };
    using Files = std::map<std::string, Entry>;  ///< by file name
    using Keys = std::unordered_map<std::string, std::shared_ptr<const AllowedKey>>;

    [[nodiscard]] Result<Files> read(std::vector<Error>& problems) const;
    void use(Files files);

    std::filesystem::path folder_;
    std::mutex refreshing_;  ///< protects files_
    Files files_;            ///< valid contents of the folder
    mutable std::mutex mutex_;
    Keys keys_;                                           ///< entries of files_, by key
    std::unordered_map<std::string, std::string> names_;  ///< by key, also of removed files
};

}  // namespace facebus::bus

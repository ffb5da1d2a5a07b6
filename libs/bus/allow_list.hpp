// Public keys of the peers that may connect to the broker.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// Entry of the AllowList.
struct AllowedKey {
    std::string name;  ///< name of the .pub file without the suffix
    std::string role;
    /// Cameras that an edge with this key may report, as names or patterns in which '*' matches any
    /// characters. Empty: all cameras.
    std::vector<std::string> cameras{};
};

/// Set of allowed public keys: the .pub files of a folder. A peer with the matching secret key may
/// connect to the endpoint for the role of the key. If files are added or removed, allows() uses
/// the new set at most one second later. After construction, invalid files are skipped, and no key
/// is allowed while the folder is unreadable. Thread-safe.
class AllowList {
  public:
    /// Throws `FatalError` (config) if `folder` is unreadable or contains an invalid .pub file.
    explicit AllowList(std::filesystem::path folder);

    /// Returns whether `key` (Z85) is allowed for `role`. Rereads the folder if it was last read at
    /// least one second ago.
    [[nodiscard]] bool allows(const std::string& role, const std::string& key) const;

    /// Rereads the folder now. Returns the number of allowed keys. If the folder is unreadable,
    /// returns an error and keeps the set.
    Result<std::size_t> refresh();

  private:
    /// Maps each public key to its role.
    using Keys = std::map<std::string, std::string>;
    /// Reads the folder. If `strict`, an invalid .pub file is an error; otherwise it is skipped.
    [[nodiscard]] Result<Keys> read(bool strict) const;

    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    mutable Keys keys_;
    mutable Monotonic::time_point read_at_;  ///< time of the last read
};

}  // namespace facebus::bus

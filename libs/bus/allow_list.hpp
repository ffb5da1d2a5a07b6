// Who may connect to the broker.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "bus/curve.hpp"

namespace facebus::bus {

/// The public keys in a folder of .pub files: whoever has the secret half of one may connect to the
/// endpoint of its role. A file that is added or removed counts within a second. While the folder
/// can't be read nobody is allowed; a file that is no public key allows nobody. Thread-safe.
class AllowList {
  public:
    /// Throws StartupError (config) if `folder` can't be read or holds a .pub file that is none.
    explicit AllowList(std::filesystem::path folder);

    [[nodiscard]] bool allows(const std::string& role, const std::string& key) const;

  private:
    /// Role by public key.
    using Keys = std::map<std::string, std::string>;
    [[nodiscard]] Result<Keys> read(bool strict) const;

    std::filesystem::path folder_;
    mutable std::mutex mutex_;
    mutable Keys keys_;
    mutable Monotonic::time_point read_at_;
};

}  // namespace facebus::bus

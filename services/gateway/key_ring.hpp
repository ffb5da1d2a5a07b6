// The API keys that count now.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "api_keys/api_key.hpp"
#include "base/clock.hpp"
#include "base/error.hpp"

namespace facebus::gateway {

/// Reads the file again when it has changed, at most once a second. While it can't be read the keys
/// of before count. Thread-safe.
class KeyRing {
  public:
    /// What becomes of an error in reading again.
    using Report = std::function<void(const Error&)>;

    /// Throws StartupError (config) if the file can't be read or holds no key.
    KeyRing(std::filesystem::path file, Report report);

    /// Name and role of the key, if it is one.
    std::optional<api_keys::Key> find(const std::string& key);

  private:
    using Keys = std::shared_ptr<const std::vector<api_keys::Key>>;
    Keys current();

    std::filesystem::path file_;
    Report report_;
    std::mutex mutex_;
    Keys keys_;
    std::filesystem::file_time_type written_;
    Monotonic::time_point next_look_;
};

}  // namespace facebus::gateway

// Currently valid API keys.
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

/// Loads API keys from a file and reloads it after a change, checking at most once per second. If
/// reloading fails, the previous keys stay valid. Thread-safe.
class KeyRing {
  public:
    /// Receives the errors of reloading.
    using Report = std::function<void(const Error&)>;

    /// Throws FatalError (config) if the file can't be read or contains no key.
    KeyRing(std::filesystem::path file, Report report);

    /// Returns name and role of a valid key.
    std::optional<api_keys::Key> find(const std::string& key);

  private:
    using Keys = std::shared_ptr<const std::vector<api_keys::Key>>;
    Keys current();

    std::filesystem::path file_;
    Report report_;
    std::mutex mutex_;
    Keys keys_;
    std::filesystem::file_time_type modified_;
    Monotonic::time_point next_check_;
};

}  // namespace facebus::gateway

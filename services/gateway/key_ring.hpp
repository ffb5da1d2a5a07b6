// API keys that are currently valid.
#pragma once

#include <cstddef>
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

/// Loads API keys from a file. find() checks at most once per second whether the file has changed,
/// and reloads it if so. If reloading fails, the previous keys stay valid. Thread-safe.
class KeyRing {
  public:
    /// Called with the error if reloading the file fails.
    using ErrorHandler = std::function<void(const Error&)>;

    /// Throws FatalError (config) if the file cannot be read or contains no key.
    KeyRing(std::filesystem::path file, ErrorHandler on_error);

    /// Returns the entry of a valid API key, with its name and role, or nothing if `key` is not
    /// valid.
    std::optional<api_keys::Key> find(const std::string& key);

    /// Reloads the file now, even if it seems unchanged. Returns the number of keys. If reloading
    /// fails, returns an error and keeps the previous keys.
    Result<std::size_t> refresh();

  private:
    using Keys = std::shared_ptr<const std::vector<api_keys::Key>>;
    /// Returns the keys, reloaded if the file has changed.
    Keys current();

    std::filesystem::path file_;
    ErrorHandler on_error_;
    std::mutex mutex_;
    Keys keys_;
    std::filesystem::file_time_type modified_;  ///< modification time of the loaded file
    Monotonic::time_point next_check_;
};

}  // namespace facebus::gateway

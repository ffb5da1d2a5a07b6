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

/// Loads API keys from a file. find() and status() check at most once per second whether the file
/// has changed, and reload it if so. After a reload:
/// - A key whose line was removed is no longer valid, even if another line is invalid.
/// - If the file was deleted, no key is valid.
/// - If the file exists but is rejected as a whole, for example because it cannot be read or every
///   user can write to it, the previous keys stay valid. A temporary error, such as too many open
///   files, therefore locks nobody out.
/// Thread-safe.
class KeyRing {
  public:
    /// Called once for each new problem with the file.
    using ErrorHandler = std::function<void(const Error&)>;

    struct Status {
        std::size_t keys = 0;            ///< number of valid keys
        std::optional<Error> problem{};  ///< what is wrong with the file; empty: nothing
    };

    /// Throws FatalError (config) if the file cannot be read or contains no valid key.
    KeyRing(std::filesystem::path file, ErrorHandler on_error);

    /// Returns the entry of a valid API key, with its name and role, or nothing if `key` is not
    /// valid.
    std::optional<api_keys::Key> find(const std::string& key);

    Status status();

    /// Reloads the file now, even if it seems unchanged. Returns the number of valid keys, or the
    /// problem with the file.
    Result<std::size_t> refresh();

  private:
    using Keys = std::shared_ptr<const std::vector<api_keys::Key>>;
    void check();
    void reload();

    std::filesystem::path file_;
    ErrorHandler on_error_;
    std::mutex mutex_;  ///< protects the members below
    Keys keys_;
    std::optional<Error> problem_;
    std::filesystem::file_time_type modified_{};  ///< modification time of the loaded file
    Monotonic::time_point next_check_;
};

}  // namespace facebus::gateway

#include "gateway/key_ring.hpp"

#include <utility>

#include <fmt/format.h>

namespace facebus::gateway {
namespace {

constexpr auto check_interval = std::chrono::seconds(1);

/// Returns the time of the file's last change, or file_time_type::min() if it cannot be determined.
std::filesystem::file_time_type modification_time(const std::filesystem::path& file) {
    std::error_code failed;
    return std::filesystem::last_write_time(file, failed);
}

}  // namespace

KeyRing::KeyRing(std::filesystem::path file, ErrorHandler on_error)
    : file_(std::move(file)),
      on_error_(std::move(on_error)),
      modified_(modification_time(file_)),
      next_check_(Monotonic::now() + check_interval) {
    auto keys = api_keys::read(file_);
    if (!keys) throw FatalError(Exit::config, "gateway.keys: " + keys.error().message);
    if (keys->empty()) {
        throw FatalError(Exit::config,
                         fmt::format("gateway.keys: {} contains no key; add one with `facebus "
                                     "api-key admin NAME --into {}`",
                                     file_.string(), file_.string()));
    }
    keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(*keys));
}

KeyRing::Keys KeyRing::current() {
    const std::lock_guard lock(mutex_);
    const auto now = Monotonic::now();
    if (now < next_check_) return keys_;
    next_check_ = now + check_interval;
    const auto modified = modification_time(file_);
    if (modified == modified_) return keys_;
    auto keys = api_keys::read(file_);
    if (!keys) {
        on_error_(keys.error());
        return keys_;
    }
    modified_ = modified;
    keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(*keys));
    return keys_;
}

Result<std::size_t> KeyRing::refresh() {
    const std::lock_guard lock(mutex_);
    const auto modified = modification_time(file_);
    auto keys = api_keys::read(file_);
    if (!keys) return std::unexpected(std::move(keys.error()));
    modified_ = modified;
    keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(*keys));
    return keys_->size();
}

std::optional<api_keys::Key> KeyRing::find(const std::string& key) {
    const auto keys = current();
    const auto index = api_keys::find(*keys, key);
    if (index == keys->size()) return std::nullopt;
    return (*keys)[index];
}

}  // namespace facebus::gateway

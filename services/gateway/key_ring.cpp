#include "gateway/key_ring.hpp"

#include <chrono>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace facebus::gateway {
namespace {

namespace fs = std::filesystem;

constexpr auto check_interval = std::chrono::seconds(1);

/// Returns the time of the file's last change, or file_time_type::min() if it cannot be determined.
fs::file_time_type modification_time(const fs::path& file) {
    std::error_code failed;
    return fs::last_write_time(file, failed);
}

/// Returns whether the file does not exist. Returns false if that cannot be determined.
bool is_missing(const fs::path& file) {
    std::error_code failed;
    return fs::status(file, failed).type() == fs::file_type::not_found;
}

}  // namespace

KeyRing::KeyRing(fs::path file, ErrorHandler on_error)
    : file_(std::move(file)), next_check_(Monotonic::now() + check_interval) {
    reload();
    if (!keys_ || keys_->empty()) {
        if (problem_) throw FatalError(Exit::config, "gateway.keys: " + problem_->message);
        throw FatalError(Exit::config,
                         fmt::format("gateway.keys: {} contains no key; add one with `facebus "
                                     "api-key admin NAME --into {}`",
                                     file_.string(), file_.string()));
    }
    on_error_ = std::move(on_error);
    if (problem_ && on_error_) on_error_(*problem_);
}

/// Loads the file, as the comment on KeyRing describes. Requires: mutex_ is locked.
void KeyRing::reload() {
    modified_ = modification_time(file_);
    auto content = api_keys::read(file_);
    auto problem = content ? std::move(content->problem) : std::optional(content.error());
    if (content) {
        keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(content->keys));
    } else if (is_missing(file_)) {
        keys_ = std::make_shared<const std::vector<api_keys::Key>>();
        problem->message = fmt::format(
            "{0} does not exist, so no API key is valid; restore it, or "
            "create a key with `facebus api-key admin NAME --into {0}`",
            file_.string());
    }
    // Read the file again at the next check, because its time may not change when the error ends.
    if (!content) modified_ = fs::file_time_type::max();
    const bool is_new = problem && (!problem_ || problem_->message != problem->message);
    problem_ = std::move(problem);
    if (is_new && on_error_) on_error_(*problem_);
}

/// Reloads the file if it has changed since the last check. Requires: mutex_ is locked.
void KeyRing::check() {
    const auto now = Monotonic::now();
    if (now < next_check_) return;
    next_check_ = now + check_interval;
    if (modification_time(file_) != modified_) reload();
}

std::optional<api_keys::Key> KeyRing::find(const std::string& key) {
    Keys keys;
    {
        const std::lock_guard lock(mutex_);
        check();
        keys = keys_;
    }
    const auto index = api_keys::find(*keys, key);
    if (index == keys->size()) return std::nullopt;
    return (*keys)[index];
}

KeyRing::Status KeyRing::status() {
    const std::lock_guard lock(mutex_);
    check();
    return {keys_->size(), problem_};
}

Result<std::size_t> KeyRing::refresh() {
    const std::lock_guard lock(mutex_);
    reload();
    if (problem_) return std::unexpected(*problem_);
    return keys_->size();
}

}  // namespace facebus::gateway

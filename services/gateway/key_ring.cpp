#include "gateway/key_ring.hpp"

#include <utility>

#include <fmt/format.h>

namespace facebus::gateway {
namespace {

constexpr auto look_every = std::chrono::seconds(1);

std::filesystem::file_time_type written(const std::filesystem::path& file) {
    std::error_code failed;
    return std::filesystem::last_write_time(file, failed);
}

}  // namespace

KeyRing::KeyRing(std::filesystem::path file, Report report)
    : file_(std::move(file)),
      report_(std::move(report)),
      written_(written(file_)),
      next_look_(Monotonic::now() + look_every) {
    auto keys = api_keys::read(file_);
    if (!keys) throw StartupError(Exit::config, "gateway.keys: " + keys.error().message);
    if (keys->empty()) {
        throw StartupError(Exit::config,
                           fmt::format("gateway.keys: {} holds no key; `facebus api-key admin NAME "
                                       "--into {}` adds one",
                                       file_.string(), file_.string()));
    }
    keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(*keys));
}

KeyRing::Keys KeyRing::current() {
    const std::lock_guard lock(mutex_);
    const auto now = Monotonic::now();
    if (now < next_look_) return keys_;
    next_look_ = now + look_every;
    const auto changed = written(file_);
    if (changed == written_) return keys_;
    auto keys = api_keys::read(file_);
    if (!keys) {
        report_(keys.error());
        return keys_;
    }
    written_ = changed;
    keys_ = std::make_shared<const std::vector<api_keys::Key>>(std::move(*keys));
    return keys_;
}

std::optional<api_keys::Key> KeyRing::find(const std::string& key) {
    const auto keys = current();
    const auto place = api_keys::find(*keys, key);
    if (place == keys->size()) return std::nullopt;
    return (*keys)[place];
}

}  // namespace facebus::gateway

#include "bus/allow_list.hpp"

#include <utility>

#include <fmt/format.h>

namespace facebus::bus {

namespace fs = std::filesystem;

AllowList::AllowList(fs::path folder) : folder_(std::move(folder)) {
    auto keys = read(true);
    if (!keys) {
        throw FatalError(Exit::config, fmt::format("bus.allowed: {}", keys.error().message));
    }
    keys_ = std::move(*keys);
    read_at_ = Monotonic::now();
}

bool AllowList::allows(const std::string& role, const std::string& key) const {
    const std::lock_guard lock(mutex_);
    if (const auto now = Monotonic::now(); now - read_at_ >= std::chrono::seconds(1)) {
        keys_ = read(false).value_or(Keys());
        read_at_ = now;
    }
    const auto found = keys_.find(key);
    return found != keys_.end() && found->second == role;
}

Result<std::size_t> AllowList::refresh() {
    const std::lock_guard lock(mutex_);
    auto keys = read(false);
    if (!keys) return std::unexpected(std::move(keys.error()));
    keys_ = std::move(*keys);
    read_at_ = Monotonic::now();
    return keys_.size();
}

Result<AllowList::Keys> AllowList::read(bool strict) const {
    Keys keys;
    std::error_code failed;
    for (fs::directory_iterator entry(folder_, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (entry->path().extension() != ".pub") continue;
        auto key = read_public_key(entry->path());
        if (key) {
            keys.emplace(std::move(key->key), std::move(key->role));
        } else if (strict) {
            return std::unexpected(std::move(key.error()));
        }
    }
    if (failed) {
        return fail(ErrorKind::unavailable, fmt::format("cannot read the folder {}: {}",
                                                        folder_.string(), failed.message()));
    }
    return keys;
}

}  // namespace facebus::bus

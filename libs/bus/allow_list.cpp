#include "bus/allow_list.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

namespace facebus::bus {

namespace fs = std::filesystem;

namespace {

/// Lists the .pub files of the folder.
Result<std::set<fs::path>> list(const fs::path& folder) {
    std::set<fs::path> files;
    std::error_code failed;
    for (fs::directory_iterator entry(folder, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (entry->path().extension() == ".pub") files.insert(entry->path());
    }
    if (failed) {
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read the folder {}: {}; make it readable", folder.string(),
                                failed.message()));
    }
    return files;
}

/// Returns whether the file was removed. If that is unknown, for example because the folder is
/// inaccessible, returns false.
bool removed(const fs::path& file) {
    std::error_code unknown;
    return fs::status(file, unknown).type() == fs::file_type::not_found;
}

}  // namespace

AllowList::AllowList(fs::path folder) : folder_(std::move(folder)) {
    std::vector<Error> problems;
    auto files = read(problems);
    if (!files) problems.push_back(files.error());
    if (!problems.empty()) {
        throw FatalError(Exit::config, fmt::format("bus.allowed: {}", problems[0].message));
    }
    use(std::move(*files));
}

std::shared_ptr<const AllowedKey> AllowList::find(const std::string& role,
                                                  const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(key);
    if (found == keys_.end() || found->second->role != role) return nullptr;
    return found->second;
}

std::string AllowList::name_of(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(key);
    return found == names_.end() ? "" : found->second;
}

Result<std::size_t> AllowList::refresh() {
    const std::lock_guard lock(refreshing_);
    std::vector<Error> problems;
    auto files = read(problems);
    if (!files) {
        return fail(files.error().kind,
                    files.error().message + "; until then, the last valid keys remain in force");
    }
    use(std::move(*files));
    if (problems.empty()) return files_.size();
    auto message =
        problems[0].message +
        "; until then, the last valid key of each affected file, if any, remains in force";
    if (problems.size() > 1)
        message += fmt::format(" (problems in other files: {})", problems.size() - 1);
    return fail(problems[0].kind, std::move(message));
}

/// Reads the folder. If a file is unreadable or invalid, appends a problem and keeps the file's
/// entry of files_, if any.
Result<AllowList::Files> AllowList::read(std::vector<Error>& problems) const {
    const auto paths = list(folder_);
    if (!paths) return std::unexpected(paths.error());
    std::map<fs::path, Entry> entries;
    for (const auto& path : *paths) {
        const auto known = files_.find(path.filename().string());
        if (auto key = read_public_key(path)) {
            AllowedKey allowed{path.stem().string(), std::move(key->role), std::move(key->cameras)};
            const bool same = known != files_.end() && *known->second.allowed == allowed;
            entries[path] = {std::move(key->key),
                             same ? known->second.allowed
                                  : std::make_shared<const AllowedKey>(std::move(allowed))};
        } else if (!removed(path)) {
            problems.push_back(std::move(key.error()));
            if (known != files_.end()) entries[path] = known->second;
        }
    }
    // If two files contain the same key, the one that contained it at the last reading wins,
    // otherwise the first one by name.
    Files files;
    std::map<std::string, fs::path> used;  // file by key
    for (const bool kept : {true, false}) {
        for (const auto& [path, entry] : entries) {
            const auto file = path.filename().string();
            const auto known = files_.find(file);
            if (kept != (known != files_.end() && known->second.key == entry.key)) continue;
            const auto [first, unique] = used.emplace(entry.key, path);
            if (unique) {
                files.emplace(file, entry);
                continue;
            }
            problems.push_back({ErrorKind::malformed,
                                fmt::format("{} and {} contain the same key; remove one of them",
                                            first->second.string(), path.string())});
            if (known != files_.end() && used.emplace(known->second.key, path).second)
                files.insert(*known);
        }
    }
    return files;
}

/// Puts the keys of the files in force. Requires: this thread holds refreshing_.
void AllowList::use(Files files) {
    Keys keys;
    for (const auto& [file, entry] : files) keys.emplace(entry.key, entry.allowed);
    const std::lock_guard lock(mutex_);
    for (const auto& [key, allowed] : keys) names_[key] = allowed->name;
    keys_ = std::move(keys);
    files_ = std::move(files);
}

}  // namespace facebus::bus

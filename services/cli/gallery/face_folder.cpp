#include "cli/gallery/face_folder.hpp"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/error.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_name_bytes = 180;

/// Returns whether the byte is part of a UTF-8 character, but not its first byte.
bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/// Returns true if the folder exists and is empty, false if it does not exist. Throws FatalError
/// otherwise.
bool exists_and_is_empty(const fs::path& path) {
    std::error_code failed;
    const auto status = fs::status(path, failed);
    if (status.type() == fs::file_type::not_found) return false;
    if (!failed && !fs::is_directory(status)) {
        throw FatalError(
            Exit::input,
            fmt::format("{} is not a folder; choose another path with --output", path.string()));
    }
    const bool empty = !failed && fs::is_empty(path, failed);
    if (failed) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot read {}: {}", path.string(), failed.message()));
    }
    if (!empty) {
        throw FatalError(Exit::input,
                         fmt::format("{} is not empty; empty it or choose another folder with "
                                     "--output",
                                     path.string()));
    }
    return true;
}

/// Returns the outermost folder of the path that does not exist.
fs::path outermost_missing(fs::path path) {
    path = fs::absolute(path).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "faces/"
    while (path.has_parent_path() && !fs::exists(path.parent_path())) path = path.parent_path();
    return path;
}

}  // namespace

std::string safe_file_name(const std::string& text) {
    std::string name;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        name += byte < 0x20 || byte == 0x7F || c == '/' ? '_' : c;
    }
    if (name.empty()) name.push_back('_');
    if (name.front() == '.') name.front() = '_';
    if (name.size() > max_name_bytes) {
        // Do not cut a UTF-8 character in two.
        auto end = max_name_bytes;
        while (end > 0 && continues_character(name[end])) --end;
        name.resize(end);
    }
    return name;
}

FaceFolder::FaceFolder(fs::path path) : path_(std::move(path)) {
    if (exists_and_is_empty(path_)) return;
    std::error_code failed;
    created_ = outermost_missing(path_);
    fs::create_directories(path_, failed);
    if (failed) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot create {}: {}", path_.string(), failed.message()));
    }
}

FaceFolder::~FaceFolder() {
    if (kept_) return;
    std::error_code ignored;
    for (const auto& path : written_) fs::remove_all(path, ignored);
    // Files that other programs have written to the folders in `written_` are lost by now. The
    // output folder and its parents remain if they contain files, because remove() fails then.
    auto folder = fs::absolute(path_, ignored).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    while (!created_.empty() && fs::remove(folder, ignored) && folder != created_) {
        folder = folder.parent_path();
    }
}

fs::path FaceFolder::entry(const std::string& name) {
    const auto path = path_ / name;
    written_.insert(path);
    return path;
}

fs::path FaceFolder::folder(const std::string& name) {
    const auto path = entry(name);
    std::error_code failed;
    fs::create_directory(path, failed);
    if (failed) {
        throw FatalError(Exit::unavailable,
                         fmt::format("cannot create {}: {}", path.string(), failed.message()));
    }
    return path;
}

}  // namespace facebus::cli

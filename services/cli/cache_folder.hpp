// The folder for files that facebus can recreate.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace facebus::cli {

/// Returns $XDG_CACHE_HOME/facebus. If XDG_CACHE_HOME is unset or empty, returns
/// $HOME/.cache/facebus. If HOME is also unset, returns ./.cache/facebus.
inline std::filesystem::path cache_folder() {
    const char* const cache = std::getenv("XDG_CACHE_HOME");
    if (cache != nullptr && *cache != '\0') return std::filesystem::path(cache) / "facebus";
    const char* const home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr ? home : ".") / ".cache/facebus";
}

}  // namespace facebus::cli

// Where a test finds the models and the evaluation data, and what it does without them.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace facebus::test {

/// FACEBUS_MODELS, else where models/prepare puts them.
inline std::filesystem::path models() {
    if (const char* set = std::getenv("FACEBUS_MODELS")) return set;
    if (const char* cache = std::getenv("XDG_CACHE_HOME"))
        return std::filesystem::path(cache) / "facebus" / "models";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "facebus" / "models";
}

/// FACEBUS_DATA; nothing where it is not set or not there.
inline std::optional<std::filesystem::path> data() {
    const char* set = std::getenv("FACEBUS_DATA");
    if (set == nullptr || !std::filesystem::is_directory(set)) return std::nullopt;
    return set;
}

/// As a global fixture: reports the suite as skipped where a model is missing.
struct SkipWithoutModels {
    SkipWithoutModels() {
        for (const char* name : {"pnet.onnx", "rnet.onnx", "onet.onnx", "facenet.onnx"}) {
            if (std::filesystem::exists(models() / name)) continue;
            std::printf("skipped: %s is missing; models/prepare fetches it\n",
                        (models() / name).c_str());
            std::fflush(stdout);
            std::_Exit(77);
        }
    }
};

}  // namespace facebus::test

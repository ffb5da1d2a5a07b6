// Finds the models and the evaluation data, and skips a test program if a model is missing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace facebus::test {

/// Returns FACEBUS_MODELS, or the default folder of models/prepare.
inline std::filesystem::path models() {
    if (const char* set = std::getenv("FACEBUS_MODELS")) return set;
    if (const char* cache = std::getenv("XDG_CACHE_HOME"))
        return std::filesystem::path(cache) / "facebus" / "models";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home == nullptr ? "." : home) / ".cache" / "facebus" / "models";
}

/// Returns FACEBUS_DATA, or nothing if it is unset or does not name a folder.
inline std::optional<std::filesystem::path> data() {
    const char* set = std::getenv("FACEBUS_DATA");
    if (set == nullptr || !std::filesystem::is_directory(set)) return std::nullopt;
    return set;
}

/// Global fixture that skips the test program (exit code 77) if a model is missing.
struct SkipWithoutModels {
    SkipWithoutModels() {
        for (const char* name : {"pnet.onnx", "rnet.onnx", "onet.onnx", "facenet.onnx"}) {
            if (std::filesystem::exists(models() / name)) continue;
            std::printf("skipped: %s is missing; run models/prepare\n", (models() / name).c_str());
            std::fflush(stdout);
            std::_Exit(77);
        }
    }
};

}  // namespace facebus::test

// A place on the disk for what only one request may see.
#pragma once

#include <filesystem>
#include <string>

#include <stdlib.h>

#include "base/error.hpp"

namespace facebus {

/// A new folder that only this user may look into; gone, with all in it, when the object is.
class PrivateFolder {
  public:
    /// Throws StartupError (unavailable) if there is no place for it.
    PrivateFolder() {
        auto name = (std::filesystem::temp_directory_path() / "facebus-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw StartupError(Exit::unavailable, "cannot make a folder for temporary files");
        }
        path_ = name;
    }
    ~PrivateFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const char* file) const { return path_ / file; }

  private:
    std::filesystem::path path_;
};

}  // namespace facebus

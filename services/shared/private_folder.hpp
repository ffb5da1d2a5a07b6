// A place on the disk for sockets and files that only one program may see.
#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>
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
            throw StartupError(Exit::unavailable,
                               fmt::format("cannot make a folder in {}; set TMPDIR",
                                           std::filesystem::temp_directory_path().string()));
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

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace facebus

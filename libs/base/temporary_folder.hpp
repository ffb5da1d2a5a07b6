// Temporary folder.
#pragma once

#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <stdlib.h>

#include "base/error.hpp"

namespace facebus {

/// New folder that only the current user can access. The destructor removes it with its contents.
class TemporaryFolder {
  public:
    /// Throws `FatalError` (unavailable) if the folder cannot be created, and
    /// `std::filesystem::filesystem_error` if TMPDIR is not a folder.
    TemporaryFolder() {
        auto name = (std::filesystem::temp_directory_path() / "facebus-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) {
            throw FatalError(
                Exit::unavailable,
                fmt::format("cannot create a folder in {}; set TMPDIR to a writable folder",
                            std::filesystem::temp_directory_path().string()));
        }
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
        return path_ / name;
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace facebus

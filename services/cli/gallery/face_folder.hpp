// Safe file names, and an output folder for face images that leaves nothing behind after a failure.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace facebus::cli {

/// Converts `text` to a valid name of one file or folder. '/', ASCII control characters and a
/// leading '.' become '_'; an empty text becomes "_". Cuts the name to at most 180 bytes, between
/// characters, so that the caller can append a suffix and an extension.
std::string safe_file_name(const std::string& text);

/// Output folder that must be new or empty. Unless keep() was called, the destructor removes all
/// files and folders whose paths entry() and folder() returned. Then it removes the folders that
/// the constructor created, unless they contain other files. Not thread-safe.
class FaceFolder {
  public:
    /// Creates the folder if it is missing. Throws FatalError: `input` if `path` is not a folder or
    /// the folder is not empty, `unavailable` if it cannot be read or created.
    explicit FaceFolder(std::filesystem::path path);
    ~FaceFolder();
    FaceFolder(const FaceFolder&) = delete;
    FaceFolder& operator=(const FaceFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Returns the path of a file or folder in this folder that the caller is about to write.
    std::filesystem::path entry(const std::string& name);
    /// Creates a sub-folder if it is missing and returns its path. Throws FatalError (unavailable)
    /// if it cannot be created.
    std::filesystem::path folder(const std::string& name);
    /// Makes the destructor keep everything.
    void keep() { kept_ = true; }

  private:
    std::filesystem::path path_;
    std::filesystem::path created_;  ///< outermost folder that the constructor created; empty: none
    std::set<std::filesystem::path> written_;  ///< files and folders to remove
    bool kept_ = false;
};

}  // namespace facebus::cli

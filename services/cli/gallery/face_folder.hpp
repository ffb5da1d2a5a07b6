// A folder of people's pictures: names that are safe in it, and none left half-written.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace facebus::cli {

/// The text as the name of one file or folder: '/', control characters and a leading '.' become
/// '_', an empty one too; at most 180 bytes, so that an ending has room.
std::string safe_file_name(const std::string& text);

/// An output folder that has to be new or empty. What was written to it goes again with the object
/// unless it was kept.
class FaceFolder {
  public:
    /// Throws StartupError: input if the folder holds anything or is no folder, unavailable if it
    /// can't be read or made.
    explicit FaceFolder(std::filesystem::path path);
    ~FaceFolder();
    FaceFolder(const FaceFolder&) = delete;
    FaceFolder& operator=(const FaceFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// The path of a file or folder in it, which is to be written now.
    std::filesystem::path entry(const std::string& name);
    /// The path of a sub-folder, made if it is not there.
    std::filesystem::path folder(const std::string& name);
    void keep() { kept_ = true; }

  private:
    std::filesystem::path path_;
    std::filesystem::path made_;  ///< the outermost folder that was not there; empty: all were
    std::set<std::filesystem::path> written_;
    bool kept_ = false;
};

}  // namespace facebus::cli

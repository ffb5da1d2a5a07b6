// Atomic replacement of files, and reading of files that contain a secret.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus {

/// Atomic writer of a file: write() appends to a temporary file in the same folder, and commit()
/// renames that file to the target, which is unchanged until then. Errors: unavailable, with the
/// file name and the reason. Not thread-safe.
class FileWriter {
  public:
    /// Users that may read the file: all that the umask permits, or only its owner (for secrets).
    enum class Readers { everybody, owner };

    /// Opens the temporary file, with the permissions that `readers` requires.
    static Result<FileWriter> create(std::filesystem::path file, Readers readers);
    /// Removes the temporary file if it was not committed.
    ~FileWriter();
    FileWriter(FileWriter&& other) noexcept;
    FileWriter& operator=(FileWriter&&) = delete;

    Result<void> write(std::string_view bytes);
    /// Replaces the target; after a power loss it is either the old or the complete new file.
    /// Afterwards only the destructor may be called.
    Result<void> commit();

  private:
    FileWriter(std::filesystem::path file, std::filesystem::path temporary, int descriptor);
    [[nodiscard]] Result<void> write_error(int error) const;

    std::filesystem::path file_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;  ///< -1 after commit() and in a moved-from object
};

/// Replaces the file atomically. Errors: those of FileWriter.
Result<void> write_file(const std::filesystem::path& file, std::string_view bytes);
/// Replaces a file that contains a secret; only its owner may read or write it. Errors: those of
/// FileWriter.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes);

/// Returns the first line of a file that contains a secret, or an empty string if the file name is
/// empty. If the line is empty or the file cannot be read, throws a `FatalError` (config) that
/// names `setting`, the configuration key or flag that contains the file name.
std::string read_secret(const std::string& file, const std::string& setting);

}  // namespace facebus

// Atomic file replacement, and reading of secrets.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus {

/// Writes a file atomically: write() appends to a temporary file in the same folder, and commit()
/// renames it to the target. Until then the target is unchanged. Errors: unavailable, with the file
/// name and the reason. Not thread-safe.
class FileWriter {
  public:
    enum class Readers { everybody, owner };

    /// Opens the temporary file. `readers` sets the permissions: `owner` for secrets.
    static Result<FileWriter> create(std::filesystem::path file, Readers readers);
    /// Removes the temporary file if it was not committed.
    ~FileWriter();
    FileWriter(FileWriter&& other) noexcept;
    FileWriter& operator=(FileWriter&&) = delete;

    Result<void> write(std::string_view bytes);
    /// Replaces the target. Call at most once, and no other function afterwards.
    Result<void> commit();

  private:
    FileWriter(std::filesystem::path file, std::filesystem::path temporary, int descriptor);
    [[nodiscard]] Result<void> failed(int error) const;

    std::filesystem::path file_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;  ///< -1: committed, or moved from
};

/// Replaces the file atomically. Errors: as FileWriter.
Result<void> write_file(const std::filesystem::path& file, std::string_view bytes);
/// Does the same for a secret: only the owner may read or write the file.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes);

/// Returns the first line of a file that contains a secret, or an empty string if `file` is empty.
/// Throws `FatalError` (config) naming `setting` if the file cannot be read.
std::string read_secret(const std::string& file, const std::string& setting);

}  // namespace facebus

// Writing files whole, and reading secrets.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace facebus {

/// A new file that is written piece by piece through a temporary one beside it, and is there whole
/// after commit() or as it was before. Errors: unavailable, with the name and the reason. Not
/// thread-safe.
class FileWriter {
  public:
    enum class Readers { everybody, owner };

    static Result<FileWriter> create(std::filesystem::path file, Readers readers);
    /// Takes the temporary file away, if it was not committed.
    ~FileWriter();
    FileWriter(FileWriter&& other) noexcept;
    FileWriter& operator=(FileWriter&&) = delete;

    Result<void> write(std::string_view bytes);
    Result<void> commit();

  private:
    FileWriter(std::filesystem::path file, std::filesystem::path temporary, int descriptor);
    [[nodiscard]] Result<void> failed(int error) const;

    std::filesystem::path file_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;  ///< -1: committed, or moved from
};

/// Writes the file so that it is there whole or as it was before. Error: as above.
Result<void> write_file(const std::filesystem::path& file, std::string_view bytes);
/// The same for a secret: nobody but the owner may read or write the file.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes);

/// The first line of a file that holds a secret. Empty for an empty name. Throws StartupError
/// (config) that names `setting`.
std::string read_secret(const std::string& file, const std::string& setting);

}  // namespace facebus

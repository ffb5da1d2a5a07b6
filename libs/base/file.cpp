#include "base/file.hpp"

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace facebus {

namespace {

Error cannot_write(const std::filesystem::path& file, int error) {
    return {ErrorKind::unavailable, fmt::format("cannot write {}: {}", file.string(),
                                                std::generic_category().message(error))};
}

/// Writes the folder of `file` to disk, so that a power loss does not undo the rename. Ignores
/// errors: the file is in place, and some file systems cannot do this.
void sync_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    const int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}

Result<void> write_whole(const std::filesystem::path& file, std::string_view bytes,
                         FileWriter::Readers readers) {
    auto writer = FileWriter::create(file, readers);
    if (!writer) return std::unexpected(std::move(writer.error()));
    if (auto written = writer->write(bytes); !written) return written;
    return writer->commit();
}

}  // namespace

FileWriter::FileWriter(std::filesystem::path file, std::filesystem::path temporary, int descriptor)
    : file_(std::move(file)), temporary_(std::move(temporary)), descriptor_(descriptor) {}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : file_(std::move(other.file_)),
      temporary_(std::move(other.temporary_)),
      descriptor_(std::exchange(other.descriptor_, -1)) {}

FileWriter::~FileWriter() {
    if (descriptor_ < 0) return;
    close(descriptor_);
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
}

Result<FileWriter> FileWriter::create(std::filesystem::path file, Readers readers) {
    // The temporary file is in the folder of the target, because rename() works only within one
    // file system.
    auto temporary = file;
    temporary += fmt::format(".{}.part", getpid());
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);  // left by a crashed process with the same id
    const mode_t mode = readers == Readers::owner ? 0600 : 0666;
    const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) return std::unexpected(cannot_write(file, errno));
    return FileWriter(std::move(file), std::move(temporary), descriptor);
}

Result<void> FileWriter::write_error(int error) const {
    return std::unexpected(cannot_write(file_, error));
}

Result<void> FileWriter::write(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto written = ::write(descriptor_, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            return write_error(errno);
        }
    }
    return {};
}

Result<void> FileWriter::commit() {
    // The bytes must be on disk before the new name is. Otherwise the file could be empty after a
    // power loss.
    int error = fsync(descriptor_) == 0 || errno == EINVAL ? 0 : errno;  // EINVAL: not supported
    // Some file systems report a full disk only in close().
    if (close(std::exchange(descriptor_, -1)) != 0 && error == 0) error = errno;
    if (error == 0 && std::rename(temporary_.c_str(), file_.c_str()) != 0) error = errno;
    if (error == 0) {
        sync_folder(file_);
        return {};
    }
    std::error_code ignored;
    std::filesystem::remove(temporary_, ignored);
    return write_error(error);
}

Result<void> write_file(const std::filesystem::path& file, std::string_view bytes) {
    return write_whole(file, bytes, FileWriter::Readers::everybody);
}

Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes) {
    return write_whole(file, bytes, FileWriter::Readers::owner);
}

std::string read_secret(const std::string& file, const std::string& setting) {
    if (file.empty()) return {};
    std::ifstream in(file);
    std::string secret;
    if (!std::getline(in, secret)) {
        throw FatalError(Exit::config,
                         fmt::format("cannot read a secret from {}; check {}", file, setting));
    }
    if (secret.empty()) {
        throw FatalError(Exit::config,
                         fmt::format("the first line of {} is empty; write the secret there, or "
                                     "check {}",
                                     file, setting));
    }
    return secret;
}

}  // namespace facebus

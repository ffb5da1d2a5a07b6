#include "base/file.hpp"

#include <cerrno>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

namespace facebus {

namespace {

/// Writes `bytes` into a new file with the rights `mode`; gives errno, or 0.
int write_new(const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
    const int descriptor = open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) return errno;
    int failed = 0;
    while (!bytes.empty() && failed == 0) {
        const auto written = write(descriptor, bytes.data(), bytes.size());
        if (written >= 0) {
            bytes.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno != EINTR) {
            failed = errno;
        }
    }
    // A full disk may show only now.
    if (close(descriptor) != 0 && failed == 0) failed = errno;
    return failed;
}

Result<void> write_whole(const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
    // Beside the target, so that the rename stays on one file system and replaces it at once.
    auto temporary = file;
    temporary += fmt::format(".{}.part", getpid());
    std::error_code failed;
    std::filesystem::remove(temporary, failed);  // of a process that died, long ago
    failed = {write_new(temporary, bytes, mode), std::generic_category()};
    if (!failed) std::filesystem::rename(temporary, file, failed);
    if (!failed) return {};
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    return fail(ErrorKind::unavailable,
                fmt::format("can't write {}: {}", file.string(), failed.message()));
}

}  // namespace

Result<void> write_file(const std::filesystem::path& file, std::string_view bytes) {
    return write_whole(file, bytes, 0666);
}

Result<void> write_private_file(const std::filesystem::path& file, std::string_view bytes) {
    return write_whole(file, bytes, 0600);
}

}  // namespace facebus

#include "base/file.hpp"

#include <fstream>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

namespace facebus {

Result<void> write_file(const std::filesystem::path& file, std::string_view bytes) {
    // Beside the target, so that the rename stays on one file system and replaces it at once.
    auto temporary = file;
    temporary += fmt::format(".{}.part", ::getpid());
    std::error_code failed;
    {
        std::ofstream out(temporary, std::ios::binary);
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out.close();
        if (!out) failed = {errno, std::generic_category()};
    }
    if (!failed) std::filesystem::rename(temporary, file, failed);
    if (!failed) return {};
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    return fail(ErrorKind::unavailable,
                fmt::format("can't write {}: {}", file.string(), failed.message()));
}

}  // namespace facebus

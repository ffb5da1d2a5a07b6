// In-memory file, for decoders that read from files.
#pragma once

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.hpp"

namespace facebus::fuzz {

/// In-memory file with the given contents. path() is valid as long as the object exists.
class ScratchFile {
  public:
    ScratchFile(const unsigned char* data, std::size_t size) : file_(memfd_create("input", 0)) {
        require(file_ >= 0 && ::write(file_, data, size) == static_cast<ssize_t>(size),
                "the in-memory file can be created and written");
    }
    ~ScratchFile() { ::close(file_); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    [[nodiscard]] std::filesystem::path path() const {
        return "/proc/self/fd/" + std::to_string(file_);
    }

  private:
    int file_;
};

}  // namespace facebus::fuzz

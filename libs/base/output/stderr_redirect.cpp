#include "base/output/stderr_redirect.hpp"

#include <iostream>
#include <string>

#include <sys/types.h>

namespace facebus {
namespace {

ssize_t write_text(void* writer, const char* text, std::size_t size) {
    if (writer != nullptr) static_cast<LineWriter*>(writer)->write(std::string(text, size));
    return static_cast<ssize_t>(size);
}

/// Returns an unbuffered stream that writes to `writer`, or the current stderr if out of memory.
std::FILE* open_stream(LineWriter* writer) {
    std::FILE* stream = fopencookie(
        writer, "w", {.read = nullptr, .write = write_text, .seek = nullptr, .close = nullptr});
    if (stream == nullptr) return stderr;
    std::setvbuf(stream, nullptr, _IONBF, 0);
    return stream;
}

}  // namespace

StderrRedirect::StderrRedirect(LineWriter* writer)
    : original_(stderr),
      redirected_(open_stream(writer)),
      buffer_(redirected_),
      cerr_(std::cerr.rdbuf(&buffer_)),
      clog_(std::clog.rdbuf(&buffer_)) {
    stderr = redirected_;  // glibc permits this
}

StderrRedirect::~StderrRedirect() {
    stderr = original_;
    std::cerr.rdbuf(cerr_);
    std::clog.rdbuf(clog_);
    if (redirected_ != original_) std::fclose(redirected_);
}

}  // namespace facebus

// Redirects the streams that write to standard error.
#pragma once

#include <cstdio>
#include <streambuf>

#include <ext/stdio_sync_filebuf.h>

#include "base/output/line_writer.hpp"

namespace facebus {

/// Passes everything that is written to stderr, std::cerr and std::clog to a LineWriter, so that
/// libraries that print there never wait for a slow reader either. For example, libjpeg reports
/// every damaged image. Objects may be nested. While one is created or destroyed, no other thread
/// may use the streams.
class StderrRedirect {
  public:
    /// Null: discards what is written.
    explicit StderrRedirect(LineWriter* writer);
    /// Restores the streams.
    ~StderrRedirect();
    StderrRedirect(const StderrRedirect&) = delete;
    StderrRedirect& operator=(const StderrRedirect&) = delete;

  private:
    std::FILE* original_;
    std::FILE* redirected_;
    __gnu_cxx::stdio_sync_filebuf<char> buffer_;
    std::streambuf* cerr_;
    std::streambuf* clog_;
};

}  // namespace facebus

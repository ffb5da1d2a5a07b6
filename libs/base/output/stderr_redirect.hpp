// Redirects the streams that write to standard error.
#pragma once

#include <cstdio>
#include <streambuf>

#include <ext/stdio_sync_filebuf.h>

#include "base/output/line_writer.hpp"

namespace facebus {

/// Redirection of stderr, std::cerr and std::clog to a LineWriter. Libraries that write there, such
/// as libjpeg for every damaged image, then do not block on a slow reader. Objects may be nested.
/// While one is created or destroyed, no other thread may use the streams.
class StderrRedirect {
  public:
    /// If `writer` is null, the output is discarded. Requires: `writer` outlives this object.
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

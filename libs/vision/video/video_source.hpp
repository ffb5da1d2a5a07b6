// Reads frames from a camera, a stream, a video file or a folder of images.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

struct VideoFrame {
    Image image;
    std::int64_t pts = 0;  ///< position in the stream in ns, strictly increasing
};

/// Kind of source that a source string denotes.
enum class SourceKind {
    device,  ///< /dev/video0
    stream,  ///< rtsp://, http://, ...
    file,    ///< a video file
    folder,  ///< a folder of images, read in the order of their names
};
SourceKind source_kind(const std::string& source);

/// Opened source. Not thread-safe.
class VideoSource {
  public:
    /// Opens a source. Errors: unavailable (does not exist, or can't be opened); unsupported
    /// (contains no video or images). Messages name the source without user name and password.
    static Result<VideoSource> open(const std::string& source);
    ~VideoSource();
    VideoSource(VideoSource&&) noexcept;
    VideoSource& operator=(VideoSource&&) noexcept;

    /// Returns the next frame, or nothing at the end of a file or folder. Error: unavailable, if a
    /// device or stream stops delivering frames.
    Result<std::optional<VideoFrame>> read();

    /// Returns the frames per second that the source states, or 25 if it states none.
    [[nodiscard]] double frame_rate() const;
    /// Returns the number of images in a folder, or of frames that a video file states; 0 if
    /// unknown.
    [[nodiscard]] std::int64_t frame_count() const;

  private:
    struct Impl;
    explicit VideoSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Returns the source for logs: a URL without user name and password.
std::string without_credentials(const std::string& source);

}  // namespace facebus::vision

// Reads frames from a camera, a stream, a video file or a folder of images.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Decoded frame of a source.
struct VideoFrame {
    Image image;
    std::int64_t pts = 0;  ///< position in the stream in ns; strictly increasing
};

/// Kind of source that a source string denotes.
enum class SourceKind {
    device,  ///< camera, such as /dev/video0
    stream,  ///< URL, such as rtsp:// or http://
    file,    ///< video file
    folder,  ///< folder of images, sorted by name
};
/// Returns the kind of a source. A path that does not exist counts as a file, unless it begins with
/// /dev/.
SourceKind source_kind(const std::string& source);

/// Opened source of frames. Not thread-safe.
class VideoSource {
  public:
    /// Opens a source. Errors: unsupported if a file is not a readable video, or if a folder
    /// contains no images; unavailable in all other cases, for example if the source does not
    /// exist. Error messages name the source without user name and password.
    static Result<VideoSource> open(const std::string& source);
    ~VideoSource();
    VideoSource(VideoSource&&) noexcept;
    VideoSource& operator=(VideoSource&&) noexcept;

    /// Returns the next frame, or nothing at the end of a file or folder. Except in a folder, skips
    /// up to five damaged frames in a row. More of them count as the end if the source is a file,
    /// otherwise as an error. Errors: unavailable (a device or stream stops delivering frames, or
    /// OpenCV fails); those of read_image() for a folder. In a folder, the call after an error
    /// reads the next image.
    Result<std::optional<VideoFrame>> read();

    /// Returns the frame rate that the source reports, in frames per second, or 25 if it reports
    /// none or an implausible one.
    [[nodiscard]] double frame_rate() const;
    /// Returns the number of images in a folder, or the number of frames that a video file reports;
    /// 0 if unknown.
    [[nodiscard]] std::int64_t frame_count() const;

  private:
    struct Impl;
    explicit VideoSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Returns the source for logs: without the user name and password that a URL may contain.
std::string without_credentials(const std::string& source);

}  // namespace facebus::vision

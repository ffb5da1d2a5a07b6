// Frames from a camera, a stream, a video file or a folder of pictures.
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
    std::int64_t pts = 0;  ///< position in the stream in ns, from 0, growing
};

/// What a source string stands for.
enum class SourceKind {
    device,  ///< /dev/video0
    stream,  ///< rtsp://, http://, ...
    file,    ///< a video file
    folder,  ///< a folder of pictures, read in the order of their names
};
SourceKind source_kind(const std::string& source);

/// An opened source. Not thread-safe.
class VideoSource {
  public:
    /// Errors: unavailable (not there, refused), unsupported (no video in it). The message names
    /// the source without the password that its URL may carry.
    static Result<VideoSource> open(const std::string& source);
    ~VideoSource();
    VideoSource(VideoSource&&) noexcept;
    VideoSource& operator=(VideoSource&&) noexcept;

    /// The next frame, or nothing at the end of the stream. Error (unavailable) when a device or a
    /// stream stopped giving frames.
    Result<std::optional<VideoFrame>> read();

    /// Frames a second as the source states them; 25 where it does not.
    [[nodiscard]] double frame_rate() const;
    /// Frames in a file as far as the container states them; 0 where it does not.
    [[nodiscard]] std::int64_t frame_count() const;

  private:
    struct Impl;
    explicit VideoSource(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// The source as it may stand in a log: a URL without user name and password.
std::string printable(const std::string& source);

}  // namespace facebus::vision

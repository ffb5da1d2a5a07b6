// One camera: opening, reading, pacing, reconnecting.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/stop.hpp"
#include "capture/options.hpp"
#include "capture/still_watch.hpp"
#include "vision/video/video_source.hpp"
#include "wire/messages.hpp"

namespace facebus::capture {

/// What a camera tells the program around it.
struct CameraEvents {
    /// A frame, or the end of the stream (no pixels). False: stop.
    std::function<bool(wire::Frame&, const Bytes&)> frame;
    std::function<void()> opened;
    /// The source failed; it is tried again after so many seconds.
    std::function<void(const Error&, double retry_seconds)> lost;
};

/// Reads a source from its beginning to its end, or for ever. Times come from the clock, since a
/// camera is the place where time enters the system. Not thread-safe.
class Camera {
  public:
    Camera(std::string name, const CameraOptions& settings, const Options& options,
           const Stop& stop);

    /// Runs until the file ends (and is not looped), `stop`, or frame() says so. A device or stream
    /// that fails, or shows the same picture for too long, is opened again, ever more slowly.
    /// Error: a file or folder that can't be read.
    Result<void> run(const CameraEvents& events);

    /// Whether late frames are dropped.
    [[nodiscard]] bool live() const { return live_; }

  private:
    /// Reads until the source ends or fails; true: ended, false: stop.
    Result<bool> read_through(vision::VideoSource& source, const CameraEvents& events);
    bool emit(const vision::VideoFrame& frame, std::int64_t pts, const CameraEvents& events);
    void emit_end(const CameraEvents& events);
    /// Waits until the position `pts` of a file that is played at its own pace; false: stop.
    bool wait_for(std::int64_t pts);

    std::string name_;
    CameraOptions settings_;
    Options options_;
    const Stop& stop_;
    bool replay_;  ///< a file or folder, whose own time stamps count
    bool live_;
    std::int64_t started_;     ///< monotonic ns
    std::int64_t offset_ = 0;  ///< pts at which the present round of a loop began
    std::int64_t read_ = -1;   ///< pts of the last frame read, or -1
    std::int64_t last_ = -1;   ///< pts of the last frame sent, or -1
    double retry_seconds_;
    StillWatch still_;
};

}  // namespace facebus::capture

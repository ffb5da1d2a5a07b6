// One camera: opens the source, reads and paces its frames, and reconnects.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/stop.hpp"
#include "capture/freeze_detector.hpp"
#include "capture/options.hpp"
#include "vision/video/video_source.hpp"
#include "wire/messages.hpp"

namespace facebus::capture {

/// Callbacks through which a Camera reports to its owner. All are called on the thread that runs
/// Camera::run().
struct CameraEvents {
    /// Receives each frame and, after the last frame of a file or folder that is not looped, a
    /// message without pixels. Returns false to stop the camera.
    std::function<bool(wire::Frame&, const Bytes&)> frame;
    /// The source was opened. Called again for every repetition of a looped file or folder.
    std::function<void()> opened;
    /// A device or stream could not be opened, failed, ended or froze. It will be opened again
    /// after `retry_seconds`.
    std::function<void(const Error&, double retry_seconds)> disconnected;
    /// The camera is working: called for every frame that was read, even if it is skipped, and
    /// at least once per second during a delay.
    std::function<void()> alive = [] {};
};

/// Reads the frames of one source and sets their timestamps from the system clock. A file or folder
/// that is not looped is read to its end, all other sources until the camera is stopped. Not
/// thread-safe.
class Camera {
  public:
    Camera(std::string name, const CameraOptions& settings, const Options& options,
           const Stop& stop);

    /// Blocks until a file or folder that is not looped has ended, a stop is requested, or `frame`
    /// returns false. Reopens a device or stream that fails, ends or freezes, after a delay that
    /// starts at `reconnect_min` and doubles with every failure in a row, up to `reconnect_max`.
    /// Returns an error if a file or folder cannot be read.
    Result<void> run(const CameraEvents& events);

    /// Returns whether late frames may be dropped.
    [[nodiscard]] bool live() const { return live_; }

  private:
    /// Passes the frames of an opened source to `events`. Returns true if the source has ended,
    /// false if the camera was stopped, and an error if the source failed.
    Result<bool> read_to_end(vision::VideoSource& source, const CameraEvents& events);
    bool emit(const vision::VideoFrame& frame, std::int64_t pts, const CameraEvents& events);
    void emit_end(const CameraEvents& events);
    /// Blocks for `ns` nanoseconds and returns true. Returns false as soon as a stop is requested.
    bool wait(std::int64_t ns, const CameraEvents& events) const;

    std::string name_;
    CameraOptions settings_;
    Options options_;
    const Stop& stop_;
    std::string stream_;  ///< id of the stream: random, so that no two runs have the same
    bool replay_;  ///< whether the source is a file or folder; its frames have their own pts, and
                   ///< frames of other sources get their pts from the clock
    bool live_;    ///< whether late frames may be dropped
    std::int64_t started_;         ///< creation time of this object, in ns of the monotonic clock
    std::int64_t offset_ = 0;      ///< pts at which the current repetition of a looped file began
    std::int64_t last_read_ = -1;  ///< pts of the last frame read, or -1
    std::int64_t last_sent_ = -1;  ///< pts of the last frame sent, or -1
    double retry_seconds_;         ///< delay before the next attempt to reconnect
    FreezeDetector freeze_;
};

}  // namespace facebus::capture

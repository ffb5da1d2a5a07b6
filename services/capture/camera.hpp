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
    /// Receives a frame, or the end of the stream (no pixels). Returns false to stop the camera.
    std::function<bool(wire::Frame&, const Bytes&)> frame;
    std::function<void()> opened;
    /// The source failed and will be opened again after `retry_seconds`.
    std::function<void(const Error&, double retry_seconds)> disconnected;
};

/// Reads one source from its beginning to its end, or for ever. Uses the system clock itself:
/// capture is where the pipeline gets its time. Not thread-safe.
class Camera {
  public:
    Camera(std::string name, const CameraOptions& settings, const Options& options,
           const Stop& stop);

    /// Blocks until a file ends that is not looped, the stop is requested, or frame() returns
    /// false. Reopens a device or stream that fails or freezes, after a delay that doubles with
    /// every failure up to `reconnect_max`. Returns an error if a file or folder cannot be
    /// read.
    Result<void> run(const CameraEvents& events);

    /// Returns whether late frames may be dropped.
    [[nodiscard]] bool live() const { return live_; }

  private:
    /// Reads until the source ends (returns true), the camera is stopped (returns false), or the
    /// source fails.
    Result<bool> read_through(vision::VideoSource& source, const CameraEvents& events);
    bool emit(const vision::VideoFrame& frame, std::int64_t pts, const CameraEvents& events);
    void emit_end(const CameraEvents& events);
    /// Waits until it is time to show position `pts` of a file that is played in real time. Returns
    /// false if the stop was requested.
    bool wait_for(std::int64_t pts);

    std::string name_;
    CameraOptions settings_;
    Options options_;
    const Stop& stop_;
    bool replay_;  ///< a file or folder: time stamps come from the source, not from the clock
    bool live_;
    std::int64_t started_;     ///< monotonic ns
    std::int64_t offset_ = 0;  ///< pts at which the current round of a loop began
    std::int64_t read_ = -1;   ///< pts of the last frame read, or -1
    std::int64_t last_ = -1;   ///< pts of the last frame sent, or -1
    double retry_seconds_;
    FreezeDetector freeze_;
};

}  // namespace facebus::capture

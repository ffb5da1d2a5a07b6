// Runs each camera in its own thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <thread>

#include "bus/stream.hpp"
#include "capture/camera.hpp"
#include "service/runtime.hpp"

namespace facebus::capture {

/// Thread that reads one camera, sends its frames to `motion`, and updates the camera's metrics and
/// health check. The thread ends when Camera::run() returns; the destructor waits for that.
class CameraThread {
  public:
    /// Starts the thread. Throws `FatalError` if motion.input is invalid.
    CameraThread(service::Runtime& runtime, std::string name, const CameraOptions& camera,
                 const Options& options);

    /// Waits for the thread. If no stop was requested, the frames of a file that are still queued
    /// are sent however long that takes, and the Context exists until then.
    ~CameraThread();
    CameraThread(const CameraThread&) = delete;
    CameraThread& operator=(const CameraThread&) = delete;

    /// Blocks until the thread has ended.
    void join() { thread_.join(); }
    /// Returns the error that ended the thread, if any. Requires: join() has returned.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    void run();
    void on_opened();
    void on_disconnected(const Error& error, double retry_seconds);

    service::Runtime& runtime_;
    std::string name_;
    std::string source_;  ///< for logs, without user name and password
    Camera camera_;
    bus::Link output_;
    Counter frames_;
    Counter dropped_;
    Gauge up_;
    Counter disconnects_;
    std::optional<Error> failure_;
    std::jthread thread_;
};

/// Runs all configured cameras. Blocks until a stop is requested or, with the option `exit_at_end`,
/// until all sources have ended. Throws `FatalError` if no camera is configured or motion.input is
/// invalid. If the source of a camera is a file or folder that cannot be read, throws `FatalError`
/// after all cameras have ended.
void serve(service::Runtime& runtime, const std::map<std::string, CameraOptions>& cameras,
           const Options& options);

}  // namespace facebus::capture

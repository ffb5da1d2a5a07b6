// A camera in a thread of its own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <thread>

#include "capture/camera.hpp"
#include "service/runtime.hpp"

namespace facebus::capture {

/// Reads one camera in a thread of its own, sends its frames to motion, and keeps its metrics and
/// its state in /healthz. The destructor waits for the thread, which ends with the source or the
/// stop of the runtime.
class CameraThread {
  public:
    CameraThread(service::Runtime& runtime, std::string name, const CameraOptions& camera,
                 const Options& options);

    /// Blocks until the source has ended or failed.
    void join() { thread_.join(); }
    /// Why it ended, if that was an error. Requires: join() returned.
    [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  private:
    void run();
    void opened();
    void lost(const Error& error, double retry_seconds);

    service::Runtime& runtime_;
    std::string name_;
    std::string source_;  ///< without passwords
    Camera camera_;
    Counter frames_;
    Counter dropped_;
    Gauge up_;
    Counter reconnects_;
    std::optional<Error> failure_;
    std::jthread thread_;
};

/// Runs all configured cameras. Throws StartupError if there is none, or a file that cannot be
/// read.
void serve(service::Runtime& runtime, const std::map<std::string, CameraOptions>& cameras,
           const Options& options);

}  // namespace facebus::capture

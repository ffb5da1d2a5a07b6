// Keeps a snapshot of the gallery up to date in a process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/metrics.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"
#include "service/runtime.hpp"

namespace facebus::live_gallery {

/// Loads a snapshot of the gallery and then checks for changes in its own thread, four times per
/// second. After a change, replaces the snapshot; see gallery::Store::refresh(). While Redis is
/// unavailable, the last snapshot stays in use and stale() returns true.
///
/// Calibrates each snapshot for the stored FPIR, or for recognize.fpir if none is stored.
/// Thread-safe.
class GalleryWatcher {
  public:
    /// A snapshot of the gallery and the policy to decide with.
    struct View {
        std::shared_ptr<const gallery::Snapshot> snapshot;
        gallery::Policy policy;
    };

    /// Loads the gallery, calibrates it, and starts the thread. Throws FatalError
    /// (Exit::unavailable) if the gallery cannot be loaded, or (Exit::config) if its format is not
    /// supported.
    GalleryWatcher(service::Runtime& runtime, const gallery::RedisOptions& redis,
                   const gallery::CalibrationOptions& calibration, std::string model_id);
    ~GalleryWatcher();
    GalleryWatcher(const GalleryWatcher&) = delete;
    GalleryWatcher& operator=(const GalleryWatcher&) = delete;

    /// Returns the current snapshot and policy.
    [[nodiscard]] View view() const;
    /// Returns whether the last check for changes failed, so that the snapshot may be out of date.
    [[nodiscard]] bool stale() const { return stale_; }

    /// Checks for changes now and blocks until the check is complete. Afterwards, view() includes
    /// everything that this process wrote to the gallery before the call, unless the check failed,
    /// for example because Redis is unavailable.
    void refresh();

  private:
    using Gallery = std::shared_ptr<const gallery::Snapshot>;
    Result<void> use(Gallery gallery);
    Result<void> check();
    void set_view(View view);
    void record_check(bool succeeded);
    bool wait_for_check(std::uint64_t& requested);
    void watch();

    service::Runtime& runtime_;
    gallery::CalibrationOptions options_;
    std::string model_id_;
    gallery::Store store_;
    Gauge subjects_;
    Gauge samples_;
    Gauge stale_gauge_;
    Gauge checked_;
    mutable std::mutex mutex_;  ///< guards view_
    View view_;
    std::atomic<bool> stale_ = false;

    std::mutex request_mutex_;  ///< guards stop_, requested_ and completed_
    std::condition_variable request_changed_;
    bool stop_ = false;            ///< the thread must end
    std::uint64_t requested_ = 0;  ///< number of calls of refresh()
    std::uint64_t completed_ = 0;  ///< number of those calls whose check is complete
    std::jthread thread_;
};

}  // namespace facebus::live_gallery

// Keeps this process's copy of the gallery up to date.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/metrics.hpp"
#include "gallery/decide/calibration.hpp"
#include "gallery/store/store.hpp"
#include "service/runtime.hpp"

namespace facebus::live_gallery {

/// Loads the gallery and then checks for changes in its own thread, four times per second. Reads
/// only the parts that changed, and replaces the copy as a whole. While Redis is unavailable the
/// last copy stays in use, and stale() returns true.
///
/// A gallery without a stored policy is calibrated for recognize.fpir. For a large gallery that
/// takes long, so a change is used immediately with the previous policy, until the new policy is
/// computed. Thread-safe.
class GalleryWatcher {
  public:
    /// A snapshot of the gallery and the policy to decide with.
    struct View {
        std::shared_ptr<const gallery::Snapshot> snapshot;
        gallery::Policy policy;
    };

    /// Loads the gallery and starts the thread. Throws FatalError (unavailable) if Redis can't be
    /// reached.
    GalleryWatcher(service::Runtime& runtime, const gallery::RedisOptions& redis,
                   const gallery::CalibrationOptions& calibration, std::string model_id);
    ~GalleryWatcher();
    GalleryWatcher(const GalleryWatcher&) = delete;
    GalleryWatcher& operator=(const GalleryWatcher&) = delete;

    /// Returns the current copy.
    [[nodiscard]] View view() const;
    /// Returns whether the last check failed, so that the copy may be out of date.
    [[nodiscard]] bool stale() const { return stale_; }

    /// Blocks until a check for changes that began after this call is done. Then view() includes
    /// everything that this process wrote before, unless Redis is unavailable.
    void refresh();

  private:
    using Gallery = std::shared_ptr<const gallery::Snapshot>;
    Result<void> take(Gallery gallery);
    Result<void> check();
    gallery::Policy policy_for(const gallery::Snapshot& gallery);
    void calibrate_in_background();
    void swap(View view);
    void record_check(bool good);
    bool wait_for_turn(std::uint64_t& wanted);
    void watch();

    service::Runtime& runtime_;
    gallery::CalibrationOptions options_;
    std::string model_id_;
    gallery::Store store_;
    Gauge subjects_;
    Gauge samples_;
    Gauge stale_gauge_;
    Gauge checked_;
    mutable std::mutex mutex_;
    View view_;
    // Used only by the thread:
    bool calibrated_ = false;  ///< the policy in use belongs to this gallery
    Gallery calibrating_;      ///< gallery of the running calibration
    std::future<gallery::Policy> calibration_;
    std::atomic<bool> stale_ = false;

    std::mutex turn_mutex_;
    std::condition_variable turn_;
    bool stop_ = false;
    std::uint64_t wanted_ = 0;  ///< number of requested checks
    std::uint64_t done_ = 0;    ///< number of requests that a completed check has answered
    std::jthread thread_;
};

}  // namespace facebus::live_gallery

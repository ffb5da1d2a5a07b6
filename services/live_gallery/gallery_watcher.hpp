// A process' copy of the gallery, kept up to date.
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

/// Loads the gallery and then looks for changes in a thread of its own; only what changed is read,
/// and the copy is replaced as a whole. While Redis is away the last copy stays, and stale() says
/// so. A gallery that stores no policy is calibrated for recognize.fpir; where that takes
/// longer than a moment, a change counts at once with the policy of before, until the new one is
/// there. Thread-safe.
class GalleryWatcher {
  public:
    struct View {
        std::shared_ptr<const gallery::Snapshot> snapshot;
        gallery::Policy policy;
    };

    /// Throws StartupError (unavailable) if Redis can't be reached at the start.
    GalleryWatcher(service::Runtime& runtime, const gallery::RedisOptions& redis,
                   const gallery::CalibrationOptions& calibration, std::string model_id);
    ~GalleryWatcher();
    GalleryWatcher(const GalleryWatcher&) = delete;
    GalleryWatcher& operator=(const GalleryWatcher&) = delete;

    [[nodiscard]] View view() const;
    [[nodiscard]] bool stale() const { return stale_; }

    /// Looks for changes now, and returns when that is done: what this process wrote before is in
    /// view() then, unless Redis went away.
    void refresh();

  private:
    using Gallery = std::shared_ptr<const gallery::Snapshot>;
    Result<void> take(Gallery gallery);
    Result<void> look();
    gallery::Policy policy_for(const gallery::Snapshot& gallery);
    void calibrate_beside();
    void swap(View view);
    void looked(bool good);
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
    // Of the thread only:
    bool calibrated_ = false;  ///< or the policy is stored with the gallery
    Gallery calibrating_;      ///< what the calibration under way is for
    std::future<gallery::Policy> calibration_;
    std::atomic<bool> stale_ = false;

    std::mutex turn_mutex_;
    std::condition_variable turn_;
    bool stop_ = false;
    std::uint64_t wanted_ = 0;  ///< looks that were asked for
    std::uint64_t done_ = 0;    ///< of those, how many a finished look has answered
    std::jthread thread_;
};

}  // namespace facebus::live_gallery

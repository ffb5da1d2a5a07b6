#include "live_gallery/gallery_watcher.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"

namespace facebus::live_gallery {
namespace {

constexpr auto check_interval = std::chrono::milliseconds(250);
// Galleries up to this size are calibrated before they are used, which takes at most a quarter of a
// second. Larger ones are calibrated in the background.
constexpr std::size_t max_samples_in_foreground = 50'000;

}  // namespace

GalleryWatcher::GalleryWatcher(service::Runtime& runtime, const gallery::RedisOptions& redis,
                               const gallery::CalibrationOptions& calibration, std::string model_id)
    : runtime_(runtime),
      options_(calibration),
      model_id_(std::move(model_id)),
      store_(redis),
      subjects_(runtime.metrics.gauge("facebus_gallery_subjects", "Subjects in the gallery")),
      samples_(runtime.metrics.gauge("facebus_gallery_samples", "Samples in the gallery")),
      stale_gauge_(runtime.metrics.gauge("facebus_gallery_stale",
                                         "1 while Redis is unavailable and the last copy is used")),
      checked_(runtime.metrics.gauge("facebus_gallery_checked_timestamp_seconds",
                                     "Time of the last successful check for changes, UTC")) {
    auto loaded = store_.load(model_id_);
    const Result<void> taken = loaded ? take(std::move(*loaded)) : std::unexpected(loaded.error());
    if (!taken) throw FatalError(Exit::unavailable, taken.error().message);
    record_check(true);
    thread_ = std::jthread([this] { watch(); });
}

GalleryWatcher::~GalleryWatcher() {
    {
        const std::lock_guard lock(turn_mutex_);
        stop_ = true;
    }
    turn_.notify_all();
    thread_.join();
}

GalleryWatcher::View GalleryWatcher::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void GalleryWatcher::swap(View view) {
    subjects_.set(static_cast<double>(view.snapshot->subjects()));
    samples_.set(static_cast<double>(view.snapshot->samples()));
    const std::lock_guard lock(mutex_);
    view_ = std::move(view);
}

void GalleryWatcher::record_check(bool good) {
    stale_ = !good;
    stale_gauge_.set(good ? 0 : 1);
    if (good) checked_.set(static_cast<double>(utc_ns()) / 1e9);
}

/// Replaces the copy with a changed gallery.
Result<void> GalleryWatcher::take(Gallery gallery) {
    const auto stored = store_.policy();
    if (!stored) return std::unexpected(stored.error());
    runtime_.log.info("gallery_loaded", {{"version", gallery->version()},
                                         {"subjects", gallery->subjects()},
                                         {"samples", gallery->samples()}});
    if (gallery->other_model_samples() > 0) {
        runtime_.log.warning("samples_of_other_model",
                             {{"samples", gallery->other_model_samples()},
                              {"model", model_id_},
                              {"hint", "remove all subjects and enrol them again"}});
    }
    const auto before = view();
    calibrated_ = stored->has_value();
    if (calibrated_) {
        swap({std::move(gallery), **stored});
    } else if (before.snapshot && gallery->samples() > max_samples_in_foreground) {
        // Use the previous policy for now; calibrate_in_background() computes the new one.
        swap({std::move(gallery), before.policy});
    } else {
        View next{std::move(gallery), options_.base};
        next.policy = policy_for(*next.snapshot);
        calibrated_ = true;
        swap(std::move(next));
    }
    return {};
}

/// Calibrates a gallery without a stored policy. All workers compute the same policy.
gallery::Policy GalleryWatcher::policy_for(const gallery::Snapshot& gallery) {
    if (gallery.samples() == 0) return options_.base;
    const auto done = gallery::calibrate_quickly(gallery, options_);
    if (!done) {
        runtime_.count_error(done.error());
        return options_.base;
    }
    runtime_.log.info(
        "calibrated",
        {{"fpir", done->fpir}, {"impostors", done->impostors}, {"threshold", done->threshold}});
    return done->policy;
}

Result<void> GalleryWatcher::check() {
    auto gallery = store_.refresh(view().snapshot);
    if (!gallery) return std::unexpected(gallery.error());
    if (*gallery != view().snapshot) return take(std::move(*gallery));
    calibrate_in_background();
    return {};
}

/// Uses the policy of a completed calibration, and starts another one if the gallery has changed
/// again.
void GalleryWatcher::calibrate_in_background() {
    using namespace std::chrono_literals;
    const auto now = view();
    if (calibration_.valid() && calibration_.wait_for(0s) == std::future_status::ready) {
        const auto policy = calibration_.get();
        if (!calibrated_) {
            // Even if the gallery has changed since, this policy is nearer than the previous one.
            swap({now.snapshot, policy});
            calibrated_ = calibrating_ == now.snapshot;
        }
        calibrating_.reset();
    }
    if (calibrated_ || calibration_.valid()) return;
    calibrating_ = now.snapshot;
    calibration_ = std::async(std::launch::async,
                              [this, gallery = now.snapshot] { return policy_for(*gallery); });
}

void GalleryWatcher::refresh() {
    std::unique_lock lock(turn_mutex_);
    const auto mine = ++wanted_;
    turn_.notify_all();
    turn_.wait(lock, [&] { return stop_ || done_ >= mine; });
}

/// Blocks until a check is due or requested. Returns false if the thread should end.
bool GalleryWatcher::wait_for_turn(std::uint64_t& wanted) {
    std::unique_lock lock(turn_mutex_);
    turn_.wait_for(lock, check_interval, [this] { return stop_ || wanted_ > done_; });
    wanted = wanted_;
    return !stop_;
}

void GalleryWatcher::watch() {
    std::uint64_t wanted = 0;
    while (wait_for_turn(wanted)) {
        const auto current = check();
        if (!current) runtime_.count_error(current.error());
        record_check(current.has_value());
        runtime_.health.set_check("gallery", true,
                                  current ? "up to date" : "stale: " + current.error().message);
        {
            const std::lock_guard lock(turn_mutex_);
            done_ = wanted;
        }
        turn_.notify_all();
    }
}

}  // namespace facebus::live_gallery

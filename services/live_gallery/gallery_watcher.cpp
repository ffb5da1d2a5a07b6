#include "live_gallery/gallery_watcher.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/store/format.hpp"

namespace facebus::live_gallery {
namespace {

constexpr auto check_interval = std::chrono::milliseconds(250);
// After a change, a gallery with up to this number of samples is calibrated before it is used,
// which takes at most about a second. A larger gallery is used at once and calibrated in the
// background. If a policy is stored, no gallery is calibrated.
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
                                         "1 while checks for changes fail, for example because "
                                         "Redis is unavailable; the last copy of the gallery is "
                                         "then used")),
      checked_(runtime.metrics.gauge("facebus_gallery_checked_timestamp_seconds",
                                     "Unix time of the last successful check for changes")) {
    gallery::require_format(redis);
    auto loaded = store_.load(model_id_);
    const Result<void> used = loaded ? use(std::move(*loaded)) : std::unexpected(loaded.error());
    if (!used) throw FatalError(Exit::unavailable, used.error().message);
    record_check(true);
    thread_ = std::jthread([this] { watch(); });
}

GalleryWatcher::~GalleryWatcher() {
    {
        const std::lock_guard lock(request_mutex_);
        stop_ = true;
    }
    request_changed_.notify_all();
    thread_.join();
}

GalleryWatcher::View GalleryWatcher::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

void GalleryWatcher::set_view(View view) {
    subjects_.set(static_cast<double>(view.snapshot->subjects()));
    samples_.set(static_cast<double>(view.snapshot->samples()));
    const std::lock_guard lock(mutex_);
    view_ = std::move(view);
}

void GalleryWatcher::record_check(bool succeeded) {
    stale_ = !succeeded;
    stale_gauge_.set(succeeded ? 0 : 1);
    if (succeeded) checked_.set(static_cast<double>(utc_ns()) / 1e9);
}

/// Replaces the current snapshot with `gallery`, and the policy with the one for that gallery. If
/// that policy takes long to compute, keeps the previous policy for now.
Result<void> GalleryWatcher::use(Gallery gallery) {
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
        set_view({std::move(gallery), **stored});
    } else if (before.snapshot && gallery->samples() > max_samples_in_foreground) {
        // Use the previous policy until calibrate_in_background() has computed a new one.
        set_view({std::move(gallery), before.policy});
    } else {
        View next{std::move(gallery), options_.base};
        next.policy = policy_for(*next.snapshot);
        calibrated_ = true;
        set_view(std::move(next));
    }
    return {};
}

/// Returns the policy for a gallery without a stored policy. All workers compute the same policy.
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
    if (*gallery != view().snapshot) return use(std::move(*gallery));
    calibrate_in_background();
    return {};
}

/// If a background calibration has completed, uses its policy. If the current gallery is not
/// calibrated, starts a background calibration, unless one is running.
void GalleryWatcher::calibrate_in_background() {
    using namespace std::chrono_literals;
    const auto now = view();
    if (calibration_.valid() && calibration_.wait_for(0s) == std::future_status::ready) {
        const auto policy = calibration_.get();
        if (!calibrated_) {
            // If the gallery has changed since the calibration started, the policy is not exact,
            // but it fits better than the previous one.
            set_view({now.snapshot, policy});
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
    std::unique_lock lock(request_mutex_);
    const auto request = ++requested_;
    request_changed_.notify_all();
    request_changed_.wait(lock, [&] { return stop_ || completed_ >= request; });
}

/// Blocks until a check is due or requested. Sets `requested` to the number of the latest request.
/// Returns false if the thread must end.
bool GalleryWatcher::wait_for_check(std::uint64_t& requested) {
    std::unique_lock lock(request_mutex_);
    request_changed_.wait_for(lock, check_interval,
                              [this] { return stop_ || requested_ > completed_; });
    requested = requested_;
    return !stop_;
}

void GalleryWatcher::watch() {
    std::uint64_t requested = 0;
    while (wait_for_check(requested)) {
        const auto current = check();
        if (!current) runtime_.count_error(current.error());
        record_check(current.has_value());
        runtime_.health.set_check("gallery", true,
                                  current ? "up to date" : "stale: " + current.error().message);
        {
            const std::lock_guard lock(request_mutex_);
            completed_ = requested;
        }
        request_changed_.notify_all();
    }
}

}  // namespace facebus::live_gallery

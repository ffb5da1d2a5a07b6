#include "live_gallery/gallery_watcher.hpp"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "gallery/store/format.hpp"

namespace facebus::live_gallery {
namespace {

constexpr auto check_interval = std::chrono::milliseconds(250);

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

/// Replaces the current snapshot with `gallery`, and the policy with the one for that gallery.
Result<void> GalleryWatcher::use(Gallery gallery) {
    const auto stored = store_.calibration();
    if (!stored) return std::unexpected(stored.error());
    runtime_.log.info("gallery_loaded", {{"version", gallery->version()},
                                         {"subjects", gallery->subjects()},
                                         {"samples", gallery->samples()},
                                         {"adaptation", gallery->space().adaptation() != nullptr
                                                            ? gallery->space().adaptation_id()
                                                            : "none"}});
    if (gallery->space().adaptation() == nullptr && !gallery->space().adaptation_id().empty()) {
        const auto unused = store_.adaptation();
        runtime_.log.warning(
            "adaptation_ignored",
            {{"reason", unused ? "it is for another model" : unused.error().message},
             {"hint", "run facebus adapt again, or remove it with facebus adapt --undo"}});
    }
    if (gallery->other_model_samples() > 0) {
        runtime_.log.warning("samples_of_other_model",
                             {{"samples", gallery->other_model_samples()},
                              {"model", model_id_},
                              {"hint", "remove all subjects and enrol them again"}});
    }
    if (!*stored && store_.has_old_policy().value_or(false)) {
        runtime_.log.warning("outdated_calibration",
                             {{"hint",
                               "an earlier version stored thresholds for similarities, "
                               "which do not apply to scores; run facebus calibrate"}});
    }
    const auto& options = stored->value_or(options_);
    const auto policy = gallery::policy_for(*gallery, options);
    runtime_.log.info(
        "calibrated",
        {{"fpir", options.fpir}, {"stored", stored->has_value()}, {"threshold", policy.threshold}});
    set_view({std::move(gallery), policy});
    return {};
}

Result<void> GalleryWatcher::check() {
    auto gallery = store_.refresh(view().snapshot);
    if (!gallery) return std::unexpected(gallery.error());
    if (*gallery != view().snapshot) return use(std::move(*gallery));
    return {};
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

#include "recognize/gallery_watcher.hpp"

#include <fmt/format.h>

#include "gallery_settings.hpp"

namespace facebus {
namespace {

constexpr int look_every_ms = 250;

}  // namespace

GalleryWatcher::GalleryWatcher(service::Runtime& runtime, std::string model_id)
    : runtime_(runtime), model_id_(std::move(model_id)), store_(redis_options(runtime.settings)) {
    if (const auto loaded = reload(); !loaded) {
        throw StartupError(Exit::unavailable, loaded.error().message);
    }
    thread_ = std::jthread([this] { watch(); });
}

GalleryWatcher::~GalleryWatcher() {
    stop_.request();
}

GalleryWatcher::View GalleryWatcher::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

Result<void> GalleryWatcher::reload() {
    auto snapshot = store_.load(model_id_);
    if (!snapshot) return std::unexpected(snapshot.error());
    const auto stored = store_.policy();
    if (!stored) return std::unexpected(stored.error());
    const auto& loaded = **snapshot;
    runtime_.log.info("gallery_loaded", {{"version", loaded.version()},
                                         {"subjects", loaded.subjects()},
                                         {"samples", loaded.samples()}});
    if (loaded.foreign_samples() > 0) {
        runtime_.log.warning("foreign_samples",
                             {{"samples", loaded.foreign_samples()},
                              {"model", model_id_},
                              {"do", "run `facebus gallery reembed` or enrol them again"}});
    }
    const auto policy = stored->has_value() ? **stored : calibrated(loaded);
    const std::lock_guard lock(mutex_);
    view_ = {std::move(*snapshot), policy};
    return {};
}

/// The policy of a gallery that stores none. Each worker comes to the same.
gallery::Policy GalleryWatcher::calibrated(const gallery::Snapshot& gallery) {
    if (gallery.samples() == 0) return default_policy(runtime_.settings);
    const auto done = calibrate_in_time(gallery, runtime_.settings);
    if (!done) {
        runtime_.count_error(done.error());
        return default_policy(runtime_.settings);
    }
    runtime_.log.info("calibrated", {{"false_alarms", done->false_alarms},
                                     {"strangers", done->strangers},
                                     {"threshold", done->threshold}});
    return done->policy;
}

void GalleryWatcher::watch() {
    while (!stop_.wait_ms(look_every_ms)) {
        const auto version = store_.version();
        Result<void> current{};
        if (!version) {
            current = std::unexpected(version.error());
        } else if (*version != view().snapshot->version()) {
            current = reload();
        }
        if (!current) runtime_.count_error(current.error());
        stale_ = !current;
        runtime_.health.check("gallery", true,
                              current ? "up to date" : "stale: " + current.error().message);
    }
}

}  // namespace facebus

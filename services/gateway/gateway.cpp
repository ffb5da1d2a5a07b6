#include "gateway/gateway.hpp"

#include <chrono>

#include <fmt/format.h>

#include "gateway/backend.hpp"
#include "gateway/live/gallery_follower.hpp"
#include "gateway/live/inbox_feed.hpp"
#include "gateway/live/live_api.hpp"
#include "gateway/mqtt/mqtt_publisher.hpp"
#include "gateway/result_feed.hpp"
#include "gateway/routes.hpp"
#include "gateway/site.hpp"
#include "gateway/webhooks/webhook.hpp"
#include "http/address.hpp"
#include "http/server.hpp"
#include "service/notify.hpp"
#include "service/runtime.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::gateway {
namespace {

// Connections to Redis shared by all requests. Commands are short, so a few suffice.
constexpr int stores = 4;
// Results of this age are read from the history at the start, so that tracks in view have their
// names, and kept for the page.
constexpr std::chrono::hours results_age(1);

/// Returns the API keys, or null if gateway.allow_anonymous is set.
std::shared_ptr<KeyRing> keys(const service::Runtime& runtime, const Options& set) {
    if (set.allow_anonymous) {
        const auto address = http::parse_address(set.address);
        if (!address || !http::is_loopback(*address)) {
            throw FatalError(
                Exit::config,
                fmt::format("gateway.allow_anonymous gives every client full access, so it "
                            "requires a loopback address, and {} is not one; set gateway.keys "
                            "instead",
                            set.address));
        }
        runtime.log.warning("anonymous_access",
                            {{"do", "set gateway.keys, and gateway.allow_anonymous to false"}});
        return nullptr;
    }
    if (set.key_file.empty()) {
        throw FatalError(Exit::config,
                         "no API keys: create one with `facebus api-key admin NAME --into FILE` "
                         "and set gateway.keys to the file, or set gateway.allow_anonymous");
    }
    return std::make_shared<KeyRing>(
        set.key_file, [&runtime](const Error& error) { runtime.count_error(error); });
}

/// Returns the crop as JPEG; empty if there is no crop.
std::string jpeg_of(const Bytes& crop) {
    if (crop.empty()) return {};
    return vision::encode_image({crop_side, crop_side, crop}, ".jpg").value_or("");
}

/// Returns the listener that updates what the page shows.
ResultListener update_live(LiveState& live_state) {
    auto& [live, cameras, statistics] = live_state;
    return {
        .identity =
            [&](const wire::Identity& identity, const Bytes& crop) {
                const auto now = utc_ns();
                const std::chrono::nanoseconds ago(now - identity.head.t["publish"].value_or(now));
                cameras.update(identity, Monotonic::now() - ago);
                statistics.add(identity, now);
                live.add(identity, jpeg_of(crop));
            },
        .track = [&](const wire::Track& event) { cameras.update(event, Monotonic::now()); },
        .camera = [&](const wire::Camera& report) { cameras.update(report, Monotonic::now()); },
        .status = [&](const wire::Status& status) { cameras.update(status, Monotonic::now()); }};
}

/// Returns the listener that collects faces of unknown people.
ResultListener collect_unknown(InboxFeed& inbox) {
    return {.identity = [&](const wire::Identity& identity,
                            const Bytes& crop) { inbox.update(identity, crop); },
            .track = [&](const wire::Track& event) { inbox.update(event); }};
}

}  // namespace

void serve(service::Runtime& runtime, const settings::Settings& settings) {
    const auto& set = settings.gateway;
    const auto ring = keys(runtime, set);
    vision::use_threads(runtime.common.threads);
    Pool<FaceStage> stages;
    std::string model_id;
    for (int i = 0; i < set.concurrent_images; ++i) {
        auto stage =
            std::make_unique<FaceStage>(runtime.models, settings.detect, settings.enrolment);
        model_id = stage->model_id();
        stages.add(std::move(stage));
    }
    Pool<gallery::Store> connections;
    for (int i = 0; i < stores; ++i) {
        connections.add(std::make_unique<gallery::Store>(settings.redis));
    }
    live_gallery::GalleryWatcher watcher(runtime, settings.redis, settings.calibration, model_id);
    const Backend backend{.options = set,
                          .rules = settings.enrolment,
                          .detector = settings.detect.detector,
                          .stages = stages,
                          .stores = connections,
                          .gallery = [&] { return watcher.view(); },
                          .changed = [&] { watcher.refresh(); }};
    LiveState live_state{.live = {static_cast<std::size_t>(set.live), results_age}};
    Inbox inbox(static_cast<std::size_t>(set.unknown_faces),
                std::chrono::seconds(static_cast<std::int64_t>(set.unknown_hours * 3600)));
    InboxFeed inbox_feed(inbox, stages, runtime.metrics);
    GalleryFollower follower(live_state.live, inbox, watcher.view());
    std::vector<ResultListener> listeners{update_live(live_state), collect_unknown(inbox_feed)};
    const auto hooks = webhooks(runtime, settings.webhooks, settings.redis, settings.results);
    std::unique_ptr<MqttPublisher> mqtt;
    if (!settings.mqtt.host.empty()) {
        mqtt = std::make_unique<MqttPublisher>(runtime, settings.mqtt, settings.camera_names(),
                                               [&] { return watcher.view().snapshot; });
        listeners.push_back(mqtt->listener());
    }
    Site site({.keys = ring, .rate = set.rate, .burst = static_cast<double>(set.burst)},
              Router(routes(backend, live_state, inbox)), runtime.metrics);
    // An open event stream occupies a thread, so streams get threads of their own.
    const http::Server server({.address = set.address,
                               .setting = "gateway.address",
                               .threads = static_cast<std::size_t>(set.threads + set.max_streams),
                               .max_body = site.max_body(),
                               .timeout = set.timeout},
                              {.admit = [&](const auto& request) { return site.admit(request); },
                               .handle = [&](const auto& request) { return site.answer(request); },
                               .error_response = [&](int status) { return site.refuse(status); }});
    const ResultFeed feed(runtime, settings.broker.results, settings.redis, results_age,
                          std::move(listeners));
    runtime.log.info("listening", {{"address", server.address()}});
    runtime.ready();
    while (!runtime.stop.wait_ms(1000)) {
        runtime.heartbeat.beat();
        follower.update(watcher.view());
    }
    // Wake the event streams, so that they do not delay the destructor of the server.
    live_state.live.close();
}

}  // namespace facebus::gateway

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

// Waits for Redis are short; this many may be under way.
constexpr int stores = 4;
// How far back results are read at the start, whom the tracks in view show among them, and kept.
constexpr std::chrono::hours results_age(1);

/// The keys that are asked for; none if everybody may do all.
std::shared_ptr<KeyRing> keys(const service::Runtime& runtime, const Options& set) {
    if (set.allow_anonymous) {
        const auto address = http::parse_address(set.address);
        if (!address || !http::is_loopback(*address)) {
            throw StartupError(
                Exit::config,
                fmt::format("gateway.allow_anonymous lets everybody in, which is for a loopback "
                            "address only, and {} is none; set gateway.keys instead",
                            set.address));
        }
        runtime.log.warning("open",
                            {{"do", "set gateway.keys, and gateway.allow_anonymous to false"}});
        return nullptr;
    }
    if (set.key_file.empty()) {
        throw StartupError(
            Exit::config,
            "no API keys: make one with `facebus api-key admin NAME --into FILE` "
            "and set gateway.keys to the file; gateway.allow_anonymous goes without");
    }
    return std::make_shared<KeyRing>(
        set.key_file, [&runtime](const Error& error) { runtime.count_error(error); });
}

std::string picture_of(const Bytes& crop) {
    if (crop.empty()) return {};
    return vision::encode_image({crop_side, crop_side, crop}, ".jpg").value_or("");
}

/// For who looks at the page.
ResultListener show(Happenings& happenings) {
    auto& [live, cameras, numbers] = happenings;
    return {
        .identity =
            [&](const wire::Identity& identity, const Bytes& crop) {
                const auto now = utc_ns();
                const std::chrono::nanoseconds ago(now - identity.head.t["publish"].value_or(now));
                cameras.see(identity, Monotonic::now() - ago);
                numbers.add(identity, now);
                live.add(identity, picture_of(crop));
            },
        .track = [&](const wire::Track& event) { cameras.see(event, Monotonic::now()); },
        .camera = [&](const wire::Camera& report) { cameras.see(report, Monotonic::now()); },
        .status = [&](const wire::Status& status) { cameras.see(status, Monotonic::now()); }};
}

/// For who is to be named.
ResultListener collect(InboxFeed& inbox) {
    return {.identity = [&](const wire::Identity& identity,
                            const Bytes& crop) { inbox.see(identity, crop); },
            .track = [&](const wire::Track& event) { inbox.see(event); }};
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
    Happenings happenings{.live = {static_cast<std::size_t>(set.live), results_age}};
    Inbox inbox(static_cast<std::size_t>(set.unknown_faces),
                std::chrono::seconds(static_cast<std::int64_t>(set.unknown_hours * 3600)));
    InboxFeed inbox_feed(inbox, stages, runtime.metrics);
    GalleryFollower follower(happenings.live, inbox, watcher.view());
    std::vector<ResultListener> listeners{show(happenings), collect(inbox_feed)};
    const auto hooks = webhooks(runtime, settings.webhooks, settings.redis, settings.results);
    std::unique_ptr<MqttPublisher> mqtt;
    if (!settings.mqtt.host.empty()) {
        mqtt = std::make_unique<MqttPublisher>(runtime, settings.mqtt, settings.camera_names(),
                                               [&] { return watcher.view().snapshot; });
        listeners.push_back(mqtt->listener());
    }
    Site site({.keys = ring, .rate = set.rate, .burst = static_cast<double>(set.burst)},
              Router(routes(backend, happenings, inbox)), runtime.metrics);
    const http::Server server({.address = set.address,
                               .setting = "gateway.address",
                               .threads = static_cast<std::size_t>(set.threads + set.max_streams),
                               .most_body = site.most_body(),
                               .timeout = set.timeout},
                              {.admit = [&](const auto& request) { return site.admit(request); },
                               .answer = [&](const auto& request) { return site.answer(request); },
                               .refuse = [&](int status) { return site.refuse(status); }});
    const ResultFeed feed(runtime, settings.broker.results, settings.redis, results_age,
                          std::move(listeners));
    runtime.log.info("listening", {{"address", server.address()}});
    runtime.ready();
    while (!runtime.stop.wait_ms(1000)) {
        runtime.pulse.beat();
        follower.look(watcher.view());
    }
    happenings.live.close();
}

}  // namespace facebus::gateway

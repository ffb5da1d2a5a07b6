#include "gateway/gateway.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "gateway/backend.hpp"
#include "gateway/cross_site.hpp"
#include "gateway/erasure_worker.hpp"
#include "gateway/live/gallery_follower.hpp"
#include "gateway/live/live_api.hpp"
#include "gateway/live/unknown_faces_feed.hpp"
#include "gateway/mqtt/mqtt_publisher.hpp"
#include "gateway/result_feed.hpp"
#include "gateway/routes.hpp"
#include "gateway/site.hpp"
#include "gateway/webhooks/webhook.hpp"
#include "http/address.hpp"
#include "http/server.hpp"
#include "service/runtime.hpp"
#include "service/signals.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::gateway {
namespace {

// Number of connections to Redis that the request handlers share.
constexpr int redis_connections = 4;
// How long results are kept for the page after they were received. At start-up, results up to this
// age are read from the history, so that the page shows them and MQTT presence knows the people in
// view.
constexpr std::chrono::hours max_result_age(1);

/// Returns the API keys, or null if gateway.allow_anonymous is set. Throws FatalError if these
/// settings are invalid.
std::shared_ptr<KeyRing> load_keys(const service::Runtime& runtime, const Options& options) {
    if (options.allow_anonymous) {
        const auto address = http::parse_address(options.address);
        if (!address || !http::is_loopback(*address)) {
            throw FatalError(
                Exit::config,
                fmt::format("gateway.allow_anonymous gives every client full access, so "
                            "gateway.address must be a loopback address such as "
                            "127.0.0.1:8000, not {}; change it, or set gateway.keys and remove "
                            "gateway.allow_anonymous",
                            options.address));
        }
        runtime.log.warning("anonymous_access",
                            {{"hint", "set gateway.keys and remove gateway.allow_anonymous"}});
        return nullptr;
    }
    if (options.key_file.empty()) {
        throw FatalError(Exit::config,
                         "gateway.keys is not set; create a key with `facebus api-key admin NAME "
                         "--into FILE` and set gateway.keys to the file, or set "
                         "gateway.allow_anonymous (with a loopback address only)");
    }
    return std::make_shared<KeyRing>(
        options.key_file, [&runtime](const Error& error) { runtime.count_error(error); });
}

/// Reports the state of the file of API keys as health check and metrics.
void report_keys(const service::Runtime& runtime, const KeyRing::Status& status) {
    runtime.metrics.gauge("facebus_api_keys", "Valid API keys")
        .set(static_cast<double>(status.keys));
    runtime.metrics
        .gauge(
            "facebus_api_key_file_invalid",
            "1 while the file of API keys is missing, unreadable, too large or writable by every "
            "user, or has an invalid line")
        .set(status.problem ? 1 : 0);
    // Without a valid key, no client can use the gateway. With other problems it still works, so
    // they must not take it out of service.
    runtime.health.set_check(
        "api_keys", status.keys > 0,
        status.problem ? status.problem->message : fmt::format("{} valid", status.keys));
}

/// Returns the crop as JPEG, or an empty string if there is no crop.
std::string encode_jpeg(const Bytes& crop) {
    if (crop.empty()) return {};
    return vision::encode_image({crop_side, crop_side, crop}, ".jpg").value_or("");
}

/// Returns the listener that records results, cameras and statistics for the page.
ResultListener live_listener(LiveState& live_state) {
    auto& [live, cameras, statistics] = live_state;
    return {
        .identity =
            [&](const wire::Identity& identity, const Bytes& crop, std::chrono::milliseconds age) {
                cameras.update(identity, Monotonic::now() - age);
                statistics.add(identity, utc_ns());
                live.add(identity, encode_jpeg(crop), Monotonic::now());
            },
        .track = [&](const wire::Track& event) { cameras.update(event, Monotonic::now()); },
        .camera = [&](const wire::Camera& report) { cameras.update(report, Monotonic::now()); },
        .status = [&](const wire::Status& status) { cameras.update(status, Monotonic::now()); }};
}

/// Returns the listener that collects faces of unknown people.
ResultListener unknown_faces_listener(UnknownFacesFeed& feed) {
    return {.identity = [&](const wire::Identity& identity, const Bytes& crop,
                            auto) { feed.update(identity, crop); },
            .track = [&](const wire::Track& event) { feed.update(event); }};
}

}  // namespace

void serve(service::Runtime& runtime, const settings::Settings& settings) {
    const auto& options = settings.gateway;
    const auto keys = load_keys(runtime, options);
    vision::use_threads(runtime.common.threads);
    Pool<FaceStage> stages;
    std::string model_id;
    for (int i = 0; i < options.concurrent_images; ++i) {
        auto stage = std::make_unique<FaceStage>(runtime.models, settings.detect,
                                                 settings.enrolment, settings.recognize.embedder);
        model_id = stage->model_id();
        stages.add(std::move(stage));
    }
    ImageDecoder images(ImageDecoder::limits(options), runtime.metrics);
    Pool<gallery::Store> stores;
    for (int i = 0; i < redis_connections; ++i) {
        stores.add(std::make_unique<gallery::Store>(settings.redis));
    }
    live_gallery::GalleryWatcher watcher(runtime, settings.redis, settings.calibration, model_id);
    ErasureWorker erasure(runtime, settings.redis);
    const Backend backend{.options = options,
                          .enrolment_options = settings.enrolment,
                          .detector = settings.detect.detector,
                          .images = images,
                          .stages = stages,
                          .stores = stores,
                          .gallery = [&] { return watcher.view(); },
                          .refresh_gallery = [&] { watcher.refresh(); },
                          .erase = [&] { return erasure.erase(); }};
    LiveState live_state{.live = {static_cast<std::size_t>(options.live), max_result_age}};
    UnknownFaces unknown_faces(
        static_cast<std::size_t>(options.unknown_faces),
        std::chrono::seconds(static_cast<std::int64_t>(options.unknown_hours * 3600)));
    UnknownFacesFeed unknown_faces_feed(unknown_faces, stages, runtime.metrics);
    GalleryFollower follower(live_state.live, unknown_faces, runtime.heartbeat, watcher.view());
    std::vector<ResultListener> listeners{live_listener(live_state),
                                          unknown_faces_listener(unknown_faces_feed)};
    const auto current_gallery = [&] { return watcher.view().snapshot; };
    const auto hooks = start_webhooks(runtime, settings.webhooks, settings.redis, settings.results,
                                      current_gallery);
    std::unique_ptr<MqttPublisher> mqtt;
    if (!settings.mqtt.host.empty()) {
        mqtt = std::make_unique<MqttPublisher>(runtime, settings.mqtt, settings.camera_names(),
                                               current_gallery);
        listeners.push_back(mqtt->listener());
    }
    Site site({.keys = keys,
               .rate = options.rate,
               .burst = static_cast<double>(options.burst),
               .hosts = parse_hosts(options.hosts, "gateway.hosts")},
              Router(all_routes(backend, live_state, unknown_faces)), runtime.metrics);
    http::Server server(
        {.address = options.address,
         .setting = "gateway.address",
         .threads = static_cast<std::size_t>(options.threads),
         .max_body = site.max_body(),
         .connections_per_client = static_cast<std::size_t>(options.connections_per_client),
         .timeout = options.timeout},
        {.admit = [&](const auto& request) { return site.admit(request); },
         .handle = [&](const auto& request) { return site.handle(request); },
         .error_response = [&](int status) { return site.error_response(status); }});
    live_state.live.set_listener([&] { server.poll_streams(); });
    const ResultFeed feed(runtime, settings.broker.results, settings.redis, max_result_age,
                          current_gallery, std::move(listeners));
    if (keys) report_keys(runtime, keys->status());
    runtime.log.info("listening", {{"address", server.address()}});
    runtime.ready();
    while (!runtime.stop.wait_ms(1000)) {
        runtime.heartbeat.beat();
        if (service::take_reload_request())
            runtime.log_reload("gateway.keys", keys ? keys->refresh() : Result<std::size_t>(0));
        if (keys) report_keys(runtime, keys->status());
        follower.update(watcher.view());
    }
}

}  // namespace facebus::gateway

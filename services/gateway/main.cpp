// facebus-gateway: the REST API, MQTT and webhooks.
#include <fmt/format.h>

#include "gallery_settings.hpp"
#include "gateway/backend.hpp"
#include "gateway/gallery_api.hpp"
#include "gateway/mqtt_publisher.hpp"
#include "gateway/openapi.hpp"
#include "gateway/picture_api.hpp"
#include "gateway/result_feed.hpp"
#include "gateway/site.hpp"
#include "gateway/webhook.hpp"
#include "service/address.hpp"
#include "service/http_server.hpp"
#include "service/notify.hpp"
#include "service/runtime.hpp"
#include "vision/threads.hpp"

namespace {

using namespace facebus;

// How far back results are read at the start: whom the tracks in view show.
constexpr auto feed_age = std::chrono::hours(1);
// Waits for Redis are short; this many may be under way.
constexpr int stores = 4;

/// The keys that are asked for; none if everybody may do all.
std::shared_ptr<KeyRing> keys(const service::Runtime& runtime) {
    const auto& set = runtime.settings.gateway;
    if (set.open) {
        const auto address = service::parse_address(set.address);
        if (!address || !service::is_loopback(*address)) {
            throw StartupError(
                Exit::config, fmt::format("gateway.open lets everybody in, which is for a loopback "
                                          "address only, and {} is none; set gateway.keys instead",
                                          set.address));
        }
        runtime.log.warning("open", {{"do", "set gateway.keys, and gateway.open to false"}});
        return nullptr;
    }
    if (set.keys.empty()) {
        throw StartupError(Exit::config,
                           "no API keys: make one with `facebus api-key admin NAME --into FILE` "
                           "and set gateway.keys to the file; gateway.open goes without");
    }
    return std::make_shared<KeyRing>(
        set.keys, [&runtime](const Error& error) { runtime.count_error(error); });
}

Route openapi_route() {
    return {"GET", "/openapi.json", std::nullopt, 0,
            [](const Call&) { return service::HttpAnswer{.body = std::string(openapi())}; }};
}

std::vector<Route> routes(const Backend& backend) {
    std::vector<Route> all{openapi_route()};
    for (auto& some :
         {picture_routes(backend), collection_routes(backend), gallery_routes(backend)}) {
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

void gateway(service::Runtime& runtime) {
    const auto& set = runtime.settings.gateway;
    const auto ring = keys(runtime);
    vision::use_threads(runtime.settings.threads);
    Pool<FaceStage> stages;
    std::string model_id;
    for (int i = 0; i < set.pictures; ++i) {
        auto stage = std::make_unique<FaceStage>(runtime.models, runtime.settings);
        model_id = stage->model_id();
        stages.add(std::move(stage));
    }
    Pool<gallery::Store> connections;
    for (int i = 0; i < stores; ++i) {
        connections.add(std::make_unique<gallery::Store>(redis_options(runtime.settings)));
    }
    GalleryWatcher watcher(runtime, model_id);
    const Backend backend{.settings = runtime.settings,
                          .stages = stages,
                          .stores = connections,
                          .gallery = [&] { return watcher.view(); },
                          .changed = [&] { watcher.refresh(); }};
    Site site({.keys = ring, .rate = set.rate, .burst = static_cast<double>(set.burst)},
              Router(routes(backend)), runtime.metrics);
    const service::HttpServer server(
        {.address = set.address,
         .setting = "gateway.address",
         .threads = static_cast<std::size_t>(set.threads),
         .most_body = site.most_body(),
         .timeout = set.timeout},
        {.admit = [&](const auto& request) { return site.admit(request); },
         .answer = [&](const auto& request) { return site.answer(request); },
         .refuse = [&](int status) { return site.refuse(status); }});
    std::unique_ptr<MqttPublisher> mqtt;
    std::vector<ResultListener> listeners;
    if (!runtime.settings.mqtt.host.empty()) {
        mqtt = std::make_unique<MqttPublisher>(runtime, [&] { return watcher.view().snapshot; });
        listeners.push_back(mqtt->listener());
    }
    const auto hooks = webhooks(runtime);
    std::unique_ptr<ResultFeed> feed;
    if (!listeners.empty()) {
        feed = std::make_unique<ResultFeed>(runtime, feed_age, std::move(listeners));
    }
    runtime.log.info("listening", {{"address", server.address()}});
    runtime.ready();
    while (!runtime.stop.wait_ms(1000)) runtime.pulse.beat();
}

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "gateway", argc, argv, [](const auto& settings) { return settings.gateway.health; },
        gateway);
}

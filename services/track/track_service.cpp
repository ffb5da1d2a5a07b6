#include "track/track_service.hpp"

#include <algorithm>
#include <array>
#include <chrono>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "bus/stream.hpp"
#include "service/stream_metrics.hpp"
#include "track/camera_watch.hpp"
#include "track/track_stage.hpp"
#include "track/uplink.hpp"

namespace facebus::track {
namespace {

// Time between reports about a camera.
constexpr std::chrono::seconds camera_interval(2);

/// Returns how long to wait for messages, in ms: until the next message or camera report must be
/// sent, or 100 if a message should already have been sent but the socket is full.
int wait_ms(const Uplink& uplink, const CameraWatch& cameras) {
    const auto now = Monotonic::now();
    const auto next_send = uplink.next_due();
    if (next_send && *next_send <= now) return 100;
    const auto next = std::min(next_send.value_or(cameras.due()), cameras.due());
    return static_cast<int>(std::max(
        std::chrono::ceil<std::chrono::milliseconds>(next - now).count(), std::int64_t{0}));
}

}  // namespace

void serve(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const std::vector<std::string>& configured_cameras) {
    TrackStage stage(options, fmt::format("{:x}", utc_ns() / 1'000'000));
    bus::Socket input(runtime.context, bus::SocketType::pull, bus::stream_options);
    runtime.bind_input(input, wire::stages.at(wire::index_of("track")));
    bus::Socket broker(runtime.context, bus::SocketType::dealer, {.keep_peer_name = true});
    broker.connect(broker_endpoint, "broker.probes");

    const bus::Poller poller(runtime.stop, runtime.heartbeat);
    bus::StreamReader<wire::Face> reader(input, poller,
                                         [&](const Error& error) { runtime.count_error(error); });
    service::StreamMetrics metrics(runtime.metrics, "track");
    Uplink uplink(runtime, broker, options);
    CameraWatch cameras(camera_interval, Monotonic::now(), configured_cameras);

    bool live = false;  // whether the last message came from a live camera
    runtime.ready();
    while (poller.keep_running()) {
        uplink.pump();
        for (auto& camera : cameras.reports(Monotonic::now(), utc_ns())) uplink.report(camera);
        // While the outbox is full, do not read faces from a file: wait until the broker
        // acknowledges messages. Faces from a live camera are still read, and their messages
        // replace older ones; see Uplink.
        const bool pause_input = uplink.full() && !live;
        if (!pause_input) {
            if (auto item = reader.poll()) {
                const auto timer = metrics.start();
                live = item->message.stream.live;
                auto output = stage.process(item->message, item->payload);
                cameras.record(item->message);
                for (const auto& event : output.before) cameras.record(event);
                for (const auto& event : output.after) cameras.record(event);
                uplink.put(std::move(output), live);
                metrics.count(timer, reader.dropped(), 0);
                continue;
            }
        }
        std::array<bus::Interest, 2> interests{
            bus::Interest{.socket = &broker},
            bus::Interest{.socket = &input, .read = !pause_input}};
        if (!poller.wait(interests, wait_ms(uplink, cameras))) return;
    }
}

}  // namespace facebus::track

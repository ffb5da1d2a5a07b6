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
    auto input = runtime.bind_input(wire::stages.at(wire::index_of("track")));
    // The queue of the socket is small, because the outbox keeps the messages.
    bus::Socket broker(runtime.context, bus::SocketType::dealer,
                       {.send_queue = 64, .keep_peer_name = true});
    broker.connect(broker_endpoint, "broker.probes");

    const bus::Poller poller(runtime.stop, runtime.heartbeat);
    bus::StreamReader<wire::Face> reader(input,
                                         [&](const Error& error) { runtime.count_error(error); });
    service::StreamMetrics metrics(runtime.metrics, "track");
    Uplink uplink(runtime, broker, options);
    CameraWatch cameras(camera_interval, Monotonic::now(), configured_cameras);

    runtime.ready();
    while (poller.keep_running()) {
        uplink.pump();
        for (auto& camera : cameras.reports(Monotonic::now(), utc_ns())) uplink.report(camera);
        // While the outbox is full of messages of lossless cameras, do not read their faces: wait
        // until the broker acknowledges messages. Faces from live cameras are still read, and their
        // messages replace older ones of live cameras; see Uplink.
        if (auto item = reader.poll(!uplink.full())) {
            const auto timer = metrics.start();
            auto output = stage.process(item->message, item->payload);
            cameras.record(item->message);
            for (const auto& event : output.before) cameras.record(event);
            for (const auto& event : output.after) cameras.record(event);
            uplink.put(std::move(output), item->message.stream.live);
            metrics.count(timer, reader.dropped(), 0);
            continue;
        }
        const auto [live, lossless] = reader.interests();
        std::array interests{bus::Interest{.socket = &broker}, live, lossless};
        if (!poller.wait(interests, wait_ms(uplink, cameras))) return;
    }
}

}  // namespace facebus::track

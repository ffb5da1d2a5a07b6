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

// Time between two reports about a camera.
constexpr std::chrono::seconds camera_interval(2);

/// Returns the milliseconds until something has to be sent.
int wait_ms(const Uplink& uplink, const CameraWatch& cameras) {
    const auto now = Monotonic::now();
    const auto again = uplink.next_due();
    if (again && *again <= now) return 100;  // due, but the socket is full: retry soon
    const auto next = std::min(again.value_or(cameras.due()), cameras.due());
    return static_cast<int>(std::max(
        std::chrono::ceil<std::chrono::milliseconds>(next - now).count(), std::int64_t{0}));
}

}  // namespace

void serve(service::Runtime& runtime, const Options& options, const std::string& broker_endpoint,
           const std::vector<std::string>& configured_cameras) {
    TrackStage stage(options, fmt::format("{:x}", utc_ns() / 1'000'000));
    bus::Socket input(runtime.context, bus::SocketType::pull, bus::stream_options);
    runtime.bind_input(input, wire::stages.at(wire::index_of("track")));
    bus::Socket broker(runtime.context, bus::SocketType::dealer);
    broker.connect(broker_endpoint, "broker.probes");

    const bus::Poller poller(runtime.stop, runtime.heartbeat);
    bus::StreamReader<wire::Face> reader(input, poller,
                                         [&](const Error& error) { runtime.count_error(error); });
    service::StreamMetrics metrics(runtime.metrics, "track");
    Uplink uplink(runtime, broker, options);
    CameraWatch cameras(camera_interval, Monotonic::now(), configured_cameras);

    bool live = false;
    runtime.ready();
    while (true) {
        uplink.pump();
        for (auto& camera : cameras.reports(Monotonic::now(), utc_ns())) uplink.report(camera);
        // A full outbox stops reading from a file until the broker acknowledges. A live camera
        // continues, and its oldest probes are dropped.
        const bool hold = uplink.full() && !live;
        if (!hold) {
            if (auto item = reader.poll()) {
                const auto timer = metrics.time();
                live = item->message.stream.live;
                auto output = stage.process(item->message, item->payload);
                cameras.see(item->message);
                for (const auto& event : output.before) cameras.see(event);
                for (const auto& event : output.after) cameras.see(event);
                uplink.put(std::move(output), live);
                metrics.count(timer, reader.dropped(), 0);
                continue;
            }
        }
        std::array<bus::Interest, 2> interests{bus::Interest{.socket = &broker},
                                               bus::Interest{.socket = &input, .read = !hold}};
        if (!poller.wait(interests, wait_ms(uplink, cameras))) return;
    }
}

}  // namespace facebus::track

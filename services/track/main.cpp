// facebus-track: faces from detect-align; probes and track events to the broker, kept until it
// acknowledges them.
#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "bus/outbox.hpp"
#include "bus/stream.hpp"
#include "service/runtime.hpp"
#include "service/stream_metrics.hpp"
#include "track/camera_watch.hpp"
#include "track/track_stage.hpp"

namespace {

using namespace facebus;
using namespace facebus::track;

// Between two messages about a camera.
constexpr std::chrono::seconds camera_interval(2);

/// The sending side: numbers messages, keeps them in the outbox, moves them through the socket.
class Uplink {
  public:
    Uplink(service::Runtime& runtime, bus::Socket& socket)
        : runtime_(runtime),
          socket_(socket),
          outbox_({.capacity = static_cast<std::size_t>(runtime.settings.track.outbox),
                   .resend = std::chrono::milliseconds(
                       static_cast<int>(runtime.settings.track.resend * 1000))}),
          sent_(runtime.metrics.counter("facebus_probes_sent_total",
                                        "Probes handed over to be sent, each counted once")),
          acknowledged_(runtime.metrics.counter("facebus_probes_acknowledged_total",
                                                "Probes whose result is out")),
          dropped_(runtime.metrics.counter("facebus_probes_dropped_total",
                                           "Probes of live cameras dropped because the outbox was "
                                           "full: the broker is away or too slow")),
          waiting_(runtime.metrics.gauge("facebus_outbox_entries",
                                         "Probes and events that wait for acknowledgement")) {}

    void put(TrackOutput output, bool live) {
        for (auto& event : output.before) {
            count_track(event);
            put_event(event, live);
        }
        for (auto& probe : output.probes) {
            make_room(live);
            stamp(probe.message.head);
            outbox_.add(probe.message.probe,
                        probe.message.head.src + "/" + probe.message.track + "/",
                        {wire::topic(probe.message), wire::encode(probe.message), probe.pixels},
                        bus::Outbox::Kind::probe);
            // In this order, so that who sees the probe counted sees that it waits, too.
            waiting_.set(static_cast<double>(outbox_.size()));
            sent_.add();
        }
        for (auto& event : output.after) put_event(event, live);
    }

    /// Sends it once: it is worthless when late.
    void tell(wire::Camera camera) {
        camera.head.seq = ++seq_;
        socket_.try_send({wire::topic(camera), wire::encode(camera), Bytes()});
    }

    /// Sends what is due, and takes in acknowledgements.
    void pump() {
        while (true) {
            auto received = socket_.try_receive();
            if (!received) {
                runtime_.count_error(received.error());
                continue;
            }
            if (!*received) break;
            const auto& raw = (*received)->message;
            const auto ack = wire::decode<wire::Ack>(raw.header, raw.payload.size());
            if (ack) {
                if (outbox_.acknowledge(ack->ref) == bus::Outbox::Kind::probe) acknowledged_.add();
            } else {
                runtime_.count_error(ack.error());
            }
        }
        while (const auto* message = outbox_.due(Monotonic::now())) {
            if (!socket_.try_send(*message)) break;
            outbox_.sent(Monotonic::now());
        }
        waiting_.set(static_cast<double>(outbox_.size()));
    }

    [[nodiscard]] bool full() const { return outbox_.full(); }

    /// When something is to be sent again, if ever.
    [[nodiscard]] std::optional<Monotonic::time_point> next_due() const {
        return outbox_.next_due();
    }

  private:
    void stamp(wire::Head& head) {
        head.seq = ++seq_;
        head.t["track"] = utc_ns();
    }

    void make_room(bool live) {
        if (!live) return;
        if (outbox_.drop_oldest_if_full() == bus::Outbox::Kind::probe) dropped_.add();
    }

    void count_track(const wire::Track& event) {
        if (event.event != "started") return;
        runtime_.metrics
            .counter("facebus_tracks_total", "Tracks started: faces that were followed",
                     {{"camera", event.head.src}})
            .add();
    }

    void put_event(wire::Track& event, bool live) {
        stamp(event.head);
        bus::Message message{wire::topic(event), wire::encode(event), Bytes()};
        if (event.event == "moved") {
            // Worthless when late, so it is sent once and not kept.
            socket_.try_send(message);
            return;
        }
        make_room(live);
        const auto camera = event.head.src + "/";
        outbox_.add(
            event.ref(), event.event == "end" ? camera : camera + event.track + "/",
            std::move(message),
            event.event == "started" ? bus::Outbox::Kind::event : bus::Outbox::Kind::closing);
    }

    service::Runtime& runtime_;
    bus::Socket& socket_;
    bus::Outbox outbox_;
    Counter sent_;
    Counter acknowledged_;
    Counter dropped_;
    Gauge waiting_;
    std::uint64_t seq_ = 0;
};

/// Milliseconds until there is something to send.
int wait_ms(const Uplink& uplink, const CameraWatch& cameras) {
    const auto now = Monotonic::now();
    const auto again = uplink.next_due();
    if (again && *again <= now) return 100;  // the socket refused it: look again soon
    const auto next = std::min(again.value_or(cameras.due()), cameras.due());
    return static_cast<int>(std::max(
        std::chrono::ceil<std::chrono::milliseconds>(next - now).count(), std::int64_t{0}));
}

void serve(service::Runtime& runtime) {
    const auto& settings = runtime.settings.track;
    TrackStage stage({.max_gap = settings.max_gap,
                      .confirm = settings.confirm,
                      .max_probes = settings.max_probes,
                      .probe_interval = settings.probe_interval,
                      .refresh = settings.refresh,
                      .min_eye_distance = static_cast<float>(settings.min_eye_distance),
                      .min_quality = static_cast<float>(settings.min_quality)},
                     fmt::format("{:x}", utc_ns() / 1'000'000),
                     settings.moves ? 0 : settings.alive);
    bus::Socket input(runtime.context, bus::Pattern::pull, bus::stream_options);
    input.bind(settings.input, "track.input");
    bus::Socket broker(runtime.context, bus::Pattern::dealer);
    broker.connect(runtime.settings.broker.probes, "broker.probes");

    const bus::Poller poller(runtime.stop, runtime.pulse);
    bus::StreamReader<wire::Face> reader(input, poller,
                                         [&](const Error& error) { runtime.count_error(error); });
    service::StreamMetrics metrics(runtime.metrics, "track");
    Uplink uplink(runtime, broker);
    std::vector<std::string> configured;
    configured.reserve(runtime.settings.cameras.size());
    for (const auto& [camera, set] : runtime.settings.cameras) configured.push_back(camera);
    CameraWatch cameras(camera_interval, Monotonic::now(), configured);

    bool live = false;
    runtime.ready();
    while (true) {
        uplink.pump();
        for (auto& camera : cameras.reports(Monotonic::now(), utc_ns())) uplink.tell(camera);
        // A full outbox holds a file. A live camera goes on, and its oldest probes make room.
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

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "track", argc, argv, [](const auto& settings) { return settings.track.health; }, serve);
}

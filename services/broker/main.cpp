// facebus-broker: probes from the edge to the workers, results to everyone.
#include <array>

#include <fmt/format.h>

#include "broker/dispatcher.hpp"
#include "broker/history_writer.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"
#include "wire/codec.hpp"

namespace {

using namespace facebus;

class Broker {
  public:
    explicit Broker(service::Runtime& runtime)
        : runtime_(runtime),
          dispatcher_({.queue = static_cast<std::size_t>(runtime.settings.broker.queue),
                       .worker_timeout = std::chrono::milliseconds(
                           static_cast<int>(runtime.settings.broker.worker_timeout * 1000)),
                       .attempts = runtime.settings.broker.attempts}),
          history_(runtime),
          edge_(runtime.context, bus::Pattern::router),
          workers_(runtime.context, bus::Pattern::router),
          results_(runtime.context, bus::Pattern::publish, {.send_queue = 10000}) {
        const auto& settings = runtime.settings.broker;
        edge_.bind(settings.probes, "broker.probes");
        workers_.bind(settings.workers, "broker.workers");
        results_.bind(settings.results, "broker.results");
    }

    void run() {
        const bus::Poller poller(runtime_.stop, runtime_.pulse);
        runtime_.ready();
        auto next_status = Monotonic::now();
        while (true) {
            std::array<bus::Interest, 2> interests{bus::Interest{.socket = &edge_},
                                                   bus::Interest{.socket = &workers_}};
            if (!poller.wait(interests, 100)) return;
            // Workers first: what they finish makes room.
            receive(workers_, [this](bus::Received& received) { from_worker(received); });
            receive(edge_, [this](bus::Received& received) { from_edge(received); });
            const auto now = Monotonic::now();
            for (auto& finished : dispatcher_.expire(now)) conclude(std::move(finished), {});
            dispatch();
            if (now >= next_status) {
                publish_status();
                next_status = now + std::chrono::seconds(1);
            }
        }
    }

  private:
    /// Reads a limited number of messages, so that neither side can starve the other.
    template <class Handle>
    void receive(bus::Socket& socket, Handle&& handle) {
        for (int i = 0; i < 100; ++i) {
            auto received = socket.try_receive();
            if (!received) {
                runtime_.count_error(received.error());
                continue;
            }
            if (!*received) return;
            handle(**received);
        }
    }

    template <class M>
    std::optional<M> decode(const bus::Received& received) {
        const auto& raw = received.message;
        auto message = wire::decode<M>(raw.header, raw.payload.size());
        if (message) return std::move(*message);
        runtime_.count_error(message.error());
        return std::nullopt;
    }

    void from_edge(bus::Received& received) {
        const auto kind = wire::kind(received.message.topic);
        if (kind == wire::Probe::topic) {
            if (auto probe = decode<wire::Probe>(received)) take(received, std::move(*probe));
        } else if (kind == wire::Track::topic) {
            if (auto event = decode<wire::Track>(received)) take(received, *event);
        } else {
            runtime_.count_error(
                {ErrorKind::unsupported, "a message that is neither a probe nor a track event"});
        }
    }

    void take(bus::Received& received, wire::Probe probe) {
        const auto id = probe.probe;
        probes_.add();
        switch (dispatcher_.admit(received.peer, std::move(probe), received.message.payload)) {
            case Dispatcher::Admission::done:
                acknowledge(received.peer, id);
                break;
            case Dispatcher::Admission::full:
                refused_.add();
                runtime_.log.limited("queue_full", {{"queue", dispatcher_.queued()}});
                break;
            case Dispatcher::Admission::taken:
            case Dispatcher::Admission::duplicate:
                break;
        }
    }

    void take(const bus::Received& received, const wire::Track& event) {
        if (event.event == "moved") {
            publish(event, {});
            return;
        }
        if (events_.add(event.ref())) publish(event, {});
        if (event.event == "ended") dispatcher_.forget_track(event.track);
        acknowledge(received.peer, event.ref());
    }

    void from_worker(bus::Received& received) {
        const auto kind = wire::kind(received.message.topic);
        if (kind == wire::Credit::topic) {
            if (const auto credit = decode<wire::Credit>(received)) {
                dispatcher_.credit(received.peer, credit->credit, Monotonic::now());
                stale_ = credit->gallery_stale;
            }
        } else if (kind == wire::Identity::topic) {
            if (auto identity = decode<wire::Identity>(received)) {
                auto finished = dispatcher_.finish(std::move(*identity), Monotonic::now());
                if (finished) conclude(std::move(*finished), received.message.payload);
            }
        } else {
            runtime_.count_error(
                {ErrorKind::unsupported, "a message that is neither a credit nor an identity"});
        }
    }

    void dispatch() {
        while (auto assignment = dispatcher_.next()) {
            auto& probe = assignment->probe;
            probe.head.t.queue = utc_ns();
            const bus::Message message{wire::topic(probe), wire::encode(probe), assignment->crop};
            if (workers_.try_send(message, assignment->worker)) continue;
            runtime_.log.warning("worker_gone", {{"held", probe.probe}});
            for (auto& finished : dispatcher_.drop_worker(assignment->worker)) {
                conclude(std::move(finished), {});
            }
        }
        queued_.set(static_cast<double>(dispatcher_.queued()));
        in_flight_.set(static_cast<double>(dispatcher_.in_flight()));
        alive_.set(static_cast<double>(dispatcher_.workers()));
    }

    void conclude(Dispatcher::Finished finished, const Bytes& crop) {
        if (finished.publish) {
            auto& identity = *finished.publish;
            identity.result = ++result_;
            identity.head.t.publish = utc_ns();
            results_total_.add();
            count_decision(identity.decision);
            latency_.observe(static_cast<double>(*identity.head.t.publish - identity.head.ts) /
                             1e9);
            publish(identity, crop);
            history_.append(identity);
        }
        acknowledge(finished.edge, finished.probe);
    }

    void count_decision(const std::string& decision) {
        runtime_.metrics
            .counter("facebus_identities_total", "Published identities", {{"decision", decision}})
            .add();
    }

    void acknowledge(const std::string& edge, const std::string& ref) {
        const wire::Ack ack{.head = head(++acks_), .ref = ref};
        // If this edge is gone, it will send the probe again and get its acknowledgement then.
        edge_.try_send({std::string(wire::Ack::topic), wire::encode(ack), Bytes()}, edge);
    }

    template <class M>
    void publish(const M& message, const Bytes& payload) {
        results_.try_send({wire::topic(message), wire::encode(message), payload});
    }

    void publish_status() {
        const bool workers = dispatcher_.workers() > 0;
        const wire::Status status{.head = head(++statuses_),
                                  .state = workers ? "ok" : "no worker",
                                  .workers = static_cast<std::uint32_t>(dispatcher_.workers()),
                                  .queued = dispatcher_.queued(),
                                  .in_flight = dispatcher_.in_flight(),
                                  .results = result_,
                                  .refused = static_cast<std::uint64_t>(refused_.value()),
                                  .gallery_stale = stale_};
        publish(status, {});
    }

    wire::Head head(std::uint64_t seq) { return {.src = "broker", .seq = seq, .ts = utc_ns()}; }

    service::Runtime& runtime_;
    Dispatcher dispatcher_;
    HistoryWriter history_;
    RecentIds events_{65536};
    bus::Socket edge_;
    bus::Socket workers_;
    bus::Socket results_;
    std::uint64_t acks_ = 0;
    std::uint64_t statuses_ = 0;
    std::uint64_t result_ = 0;
    bool stale_ = false;

    Counter probes_ = runtime_.metrics.counter("facebus_probes_total", "Probes that arrived");
    Counter refused_ =
        runtime_.metrics.counter("facebus_probes_refused_total",
                                 "Probes not taken because the queue was full; the edge keeps "
                                 "them and sends them again");
    Counter results_total_ = runtime_.metrics.counter("facebus_results_total", "Published results");
    Gauge queued_ = runtime_.metrics.gauge("facebus_queue_probes", "Probes that wait for a worker");
    Gauge in_flight_ =
        runtime_.metrics.gauge("facebus_in_flight_probes", "Probes that workers hold");
    Gauge alive_ = runtime_.metrics.gauge("facebus_workers", "Workers that are alive");
    Histogram latency_ = runtime_.metrics.histogram("facebus_result_latency_seconds",
                                                    "From capture to the published result");
};

}  // namespace

int main(int argc, char** argv) {
    return facebus::service::run(
        "broker", argc, argv, [](const auto& settings) { return settings.broker.health; },
        [](auto& runtime) { Broker(runtime).run(); });
}

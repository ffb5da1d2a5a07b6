#include "broker/broker.hpp"

#include <fmt/format.h>

#include "wire/codec.hpp"

namespace facebus::broker {

namespace {

// A probe is a header and a crop; nothing larger comes from an honest peer.
constexpr std::size_t max_frame_bytes = std::size_t{128} * 1024;
// ZeroMQ searches subscriptions by recursion, a level a byte: without a limit a long one ends the
// process. The handshake with keys has to fit, too.
constexpr std::size_t largest_subscription = 1024;
constexpr int peer_queue = 100;

template <class M>
Result<M> decode(const bus::Received& received) {
    return wire::decode<M>(received.message.header, received.message.payload.size());
}

Dispatcher::Options dispatcher_options(const Options& options) {
    return {.queue = static_cast<std::size_t>(options.queue),
            .worker_timeout =
                std::chrono::milliseconds(static_cast<int>(options.worker_timeout * 1000)),
            .max_attempts = options.max_attempts};
}

Counter identities(Metrics& metrics, wire::Decision decision) {
    return metrics.counter("facebus_identities_total", "Published identities",
                           {{"decision", std::string(to_string(decision))}});
}

}  // namespace

BrokerMetrics::BrokerMetrics(Metrics& metrics)
    : probes(
          metrics.counter("facebus_probes_total", "Probes that arrived, each time that they did")),
      finished(metrics.counter("facebus_probes_completed_total",
                               "Probes with a final result, set aside ones included")),
      ignored(metrics.counter("facebus_probes_ignored_total",
                              "Of those, probes of people who are not to be reported")),
      refused(metrics.counter("facebus_probes_rejected_total",
                              "Probes not taken because the queue was full; the edge keeps them "
                              "and sends them again")),
      workers_dropped(metrics.counter("facebus_workers_disconnected_total",
                                      "Workers dropped because they sent garbage")),
      results(metrics.counter("facebus_results_total", "Published results")),
      queued(metrics.gauge("facebus_queue_probes", "Probes that wait for a worker")),
      in_flight(metrics.gauge("facebus_in_flight_probes", "Probes that workers hold")),
      workers(metrics.gauge("facebus_workers", "Workers that are alive")),
      times(metrics) {
    // From the start, so that a first stranger is seen as a growth.
    for (const auto decision : wire::enum_values<wire::Decision>()) {
        identities(metrics, decision);
    }
}

Broker::Broker(service::Runtime& runtime, const Options& options,
               const gallery::RedisOptions& redis, const gallery::HistoryOptions& history)
    : runtime_(runtime),
      metrics_(runtime.metrics),
      dispatcher_(dispatcher_options(options)),
      history_(runtime, redis, history),
      run_(fmt::format("{:x}", utc_ns())),
      edge_(runtime.context, bus::Pattern::router,
            {.receive_queue = peer_queue, .max_frame_bytes = max_frame_bytes, .role = "edge"}),
      workers_(runtime.context, bus::Pattern::router,
               {.receive_queue = peer_queue, .max_frame_bytes = max_frame_bytes, .role = "worker"}),
      results_(runtime.context, bus::Pattern::publish,
               {.send_queue = options.result_queue,
                .max_frame_bytes = largest_subscription,
                .role = "subscriber"}),
      refusing_{{{&edge_, refusing("edge")},
                 {&workers_, refusing("worker")},
                 {&results_, refusing("subscriber")}}} {
    runtime.metrics.gauge("facebus_queue_limit_probes", "Probes that may wait: broker.queue")
        .set(options.queue);
    edge_.bind(options.probes, "broker.probes");
    workers_.bind(options.workers, "broker.workers");
    results_.bind(options.results, "broker.results");
}

void Broker::run() {
    const bus::Poller poller(runtime_.stop, runtime_.pulse);
    runtime_.ready();
    auto next_status = Monotonic::now();
    while (true) {
        std::array<bus::Interest, 2> interests{bus::Interest{.socket = &edge_},
                                               bus::Interest{.socket = &workers_}};
        if (!poller.wait(interests, 100)) return;
        // Workers first: what they finish makes room.
        receive(
            workers_, [this](bus::Received& received) { return from_worker(received); },
            [this](const std::string& worker) { drop_worker(worker); });
        receive(
            edge_, [this](bus::Received& received) { return from_edge(received); },
            [](const std::string&) {});
        count_refused_connections();
        const auto now = Monotonic::now();
        conclude_all(dispatcher_.expire(now));
        dispatch();
        if (now >= next_status) {
            publish_status();
            next_status = now + std::chrono::seconds(1);
        }
    }
}

/// Reads a limited number of messages, so that neither side can starve the other. `garbage` is
/// told who sent what can't be understood.
template <class Handle, class Garbage>
void Broker::receive(bus::Socket& socket, Handle&& handle, Garbage&& garbage) {
    for (int i = 0; i < 100; ++i) {
        std::string sender;
        auto received = socket.try_receive(&sender);
        if (received && !*received) return;
        const auto handled = received ? handle(**received) : std::unexpected(received.error());
        if (handled) continue;
        runtime_.count_error(handled.error());
        garbage(sender);
    }
}

Result<void> Broker::from_edge(const bus::Received& received) {
    const auto kind = wire::kind(received.message.topic);
    if (kind == wire::Probe::topic) {
        auto probe = decode<wire::Probe>(received);
        if (!probe) return std::unexpected(std::move(probe.error()));
        take(received, std::move(*probe));
    } else if (kind == wire::Track::topic) {
        const auto event = decode<wire::Track>(received);
        if (!event) return std::unexpected(event.error());
        take(received, *event);
    } else if (kind == wire::Camera::topic) {
        const auto camera = decode<wire::Camera>(received);
        if (!camera) return std::unexpected(camera.error());
        publish(*camera, {});
    } else {
        return fail(ErrorKind::unsupported,
                    "a message that is neither a probe nor an event nor about a camera");
    }
    return {};
}

void Broker::take(const bus::Received& received, wire::Probe probe) {
    const auto id = probe.probe;
    metrics_.probes.add();
    switch (dispatcher_.admit(received.peer, std::move(probe), received.message.payload)) {
        case Dispatcher::Admission::done:
            acknowledge(received.peer, id);
            break;
        case Dispatcher::Admission::full:
            metrics_.refused.add();
            runtime_.log.limited("queue_full", {{"queue", dispatcher_.queued()}});
            break;
        case Dispatcher::Admission::taken:
        case Dispatcher::Admission::duplicate:
            break;
    }
}

void Broker::take(const bus::Received& received, const wire::Track& event) {
    if (event.event == wire::TrackEvent::moved) {
        publish(event, {});
        return;
    }
    if (events_.add(event.ref())) {
        if (event.event == wire::TrackEvent::started) metrics_.times.started(event);
        publish(event, {});
    }
    if (event.event == wire::TrackEvent::ended) {
        dispatcher_.forget_track(event.track);
        metrics_.times.ended(event);
    }
    acknowledge(received.peer, event.ref());
}

Result<void> Broker::from_worker(const bus::Received& received) {
    // What was under way when it was dropped is not looked at, or it would be back at once.
    if (dropped_.contains(received.peer)) return {};
    const auto kind = wire::kind(received.message.topic);
    if (kind == wire::Credit::topic) {
        const auto credit = decode<wire::Credit>(received);
        if (!credit) return std::unexpected(credit.error());
        dispatcher_.credit(received.peer, credit->credit, Monotonic::now());
        stale_ = credit->gallery_stale;
    } else if (kind == wire::Identity::topic) {
        auto identity = decode<wire::Identity>(received);
        if (!identity) return std::unexpected(std::move(identity.error()));
        const bool ignored = identity->ignored.value_or(false);
        auto finished = dispatcher_.finish(std::move(*identity), Monotonic::now());
        if (!finished) return {};
        if (ignored) metrics_.ignored.add();
        conclude(std::move(*finished), received.message.payload);
    } else {
        return fail(ErrorKind::unsupported, "a message that is neither credit nor identity");
    }
    return {};
}

/// A worker that sends garbage gets no more probes on this connection; what it held goes to
/// others.
void Broker::drop_worker(const std::string& worker) {
    if (!dropped_.add(worker)) return;
    metrics_.workers_dropped.add();
    runtime_.log.limited("worker_dropped", {{"reason", "it sent what can't be understood"}});
    conclude_all(dispatcher_.drop_worker(worker));
}

void Broker::count_refused_connections() {
    for (auto& [socket, counter] : refusing_) {
        counter.add(static_cast<double>(socket->rejected_connections()) - counter.value());
    }
}

void Broker::dispatch() {
    while (auto assignment = dispatcher_.next()) {
        auto& probe = assignment->probe;
        probe.head.t["queue"] = utc_ns();
        const bus::Message message{wire::topic(probe), wire::encode(probe), assignment->crop};
        if (workers_.try_send(message, assignment->worker)) continue;
        runtime_.log.warning("worker_gone", {{"held", probe.probe}});
        conclude_all(dispatcher_.drop_worker(assignment->worker));
    }
    metrics_.queued.set(static_cast<double>(dispatcher_.queued()));
    metrics_.in_flight.set(static_cast<double>(dispatcher_.in_flight()));
    metrics_.workers.set(static_cast<double>(dispatcher_.workers()));
}

void Broker::conclude_all(std::vector<Dispatcher::Finished> all) {
    for (auto& finished : all) conclude(std::move(finished), {});
}

void Broker::conclude(Dispatcher::Finished finished, const Bytes& crop) {
    metrics_.finished.add();
    if (finished.publish) {
        auto& identity = *finished.publish;
        identity.result = ++result_;
        identity.run = run_;
        identity.head.t["publish"] = utc_ns();
        metrics_.results.add();
        identities(runtime_.metrics, identity.decision).add();
        metrics_.times.published(identity);
        publish(identity, crop);
        history_.append(identity);
    }
    acknowledge(finished.edge, finished.probe);
}

void Broker::acknowledge(const std::string& edge, const std::string& ref) {
    const wire::Ack ack{.head = head(++acks_), .ref = ref};
    // If this edge is gone, it will send the probe again and get its acknowledgement then.
    edge_.try_send({std::string(wire::Ack::topic), wire::encode(ack), Bytes()}, edge);
}

template <class M>
void Broker::publish(const M& message, const Bytes& payload) {
    results_.try_send({wire::topic(message), wire::encode(message), payload});
}

void Broker::publish_status() {
    const bool workers = dispatcher_.workers() > 0;
    const wire::Status status{.head = head(++statuses_),
                              .state = workers ? "ok" : "no worker",
                              .run = run_,
                              .workers = static_cast<std::uint32_t>(dispatcher_.workers()),
                              .queued = dispatcher_.queued(),
                              .in_flight = dispatcher_.in_flight(),
                              .results = result_,
                              .refused = static_cast<std::uint64_t>(metrics_.refused.value()),
                              .gallery_stale = stale_};
    publish(status, {});
}

Counter Broker::refusing(const char* role) {
    return runtime_.metrics.counter("facebus_connections_rejected_total",
                                    "Connections that did not come about: no ZeroMQ, no or the "
                                    "wrong key, a key that is not allowed",
                                    {{"role", role}});
}

wire::Head Broker::head(std::uint64_t seq) {
    return {.src = "broker", .seq = seq, .ts = utc_ns()};
}

}  // namespace facebus::broker

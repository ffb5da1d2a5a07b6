#include "broker/broker.hpp"

#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "service/signals.hpp"
#include "wire/codec.hpp"

namespace facebus::broker {

namespace {

// Limit for a ZeroMQ frame from an edge or a worker. The largest valid one is a crop of 77 kB.
constexpr std::size_t max_frame_bytes = std::size_t{128} * 1024;
// Limit for a ZeroMQ frame from a subscriber. ZeroMQ keeps subscriptions in a tree with one level
// per byte and visits it recursively, so a long subscription would overflow the stack. The messages
// of the CURVE handshake must be within this limit, too.
constexpr std::size_t max_subscription_bytes = 1024;
constexpr int peer_queue = 8;   // maximum number of unread messages per edge and per worker
constexpr int linger_ms = 500;  // time for sending the last acknowledgements when the broker stops

template <class M>
Result<M> decode(const bus::Received& received) {
    return wire::decode<M>(received.message.header, received.message.payload.size());
}

Monotonic::duration duration(double seconds) {
    return std::chrono::milliseconds(static_cast<int>(seconds * 1000));
}

Dispatcher::Options dispatcher_options(const Options& options) {
    return {.queue = static_cast<std::size_t>(options.queue),
            .worker_timeout = duration(options.worker_timeout),
            .probe_timeout = duration(options.probe_timeout),
            .max_attempts = options.max_attempts};
}

Dispatcher::Sender sender_of(const bus::Received& received) {
    return {.edge = Edges::id(received), .peer = received.peer};
}

/// Returns up to three ids for a log line.
std::string some_of(const std::vector<std::string>& ids) {
    constexpr std::size_t max_ids = 3;
    return fmt::format("{}{}", fmt::join(ids | std::views::take(max_ids), ","),
                       ids.size() > max_ids ? ",..." : "");
}

}  // namespace

Broker::Broker(service::Runtime& runtime, const Options& options,
               const gallery::RedisOptions& redis, const gallery::HistoryOptions& history)
    : runtime_(runtime),
      metrics_(runtime.metrics),
      dispatcher_(dispatcher_options(options)),
      edges_({.cameras_per_edge = static_cast<std::size_t>(options.cameras_per_edge)}),
      history_(runtime, redis, history),
      run_(fmt::format("{:x}", utc_ns())),
      edge_(runtime.context, bus::SocketType::router,
            {.receive_queue = peer_queue,
             .linger_ms = linger_ms,
             .max_frame_bytes = max_frame_bytes,
             .role = "edge"}),
      workers_(runtime.context, bus::SocketType::router,
               {.receive_queue = peer_queue, .max_frame_bytes = max_frame_bytes, .role = "worker"}),
      results_(runtime.context, bus::SocketType::publish,
               {.send_queue = options.result_queue,
                .max_frame_bytes = max_subscription_bytes,
                .role = "subscriber"}),
      rejected_connections_{{{&edge_, rejected_connections("edge")},
                             {&workers_, rejected_connections("worker")},
                             {&results_, rejected_connections("subscriber")}}} {
    runtime.metrics
        .gauge("facebus_queue_limit_probes", "Maximum number of waiting probes (broker.queue)")
        .set(options.queue);
    edge_.bind(options.probes, "broker.probes");
    workers_.bind(options.workers, "broker.workers");
    results_.bind(options.results, "broker.results");
}

void Broker::run() {
    const bus::Poller poller(runtime_.stop, runtime_.heartbeat);
    runtime_.ready();
    auto next_status = Monotonic::now();
    while (true) {
        std::array<bus::Interest, 3> interests{bus::Interest{.socket = &edge_},
                                               bus::Interest{.socket = &workers_},
                                               bus::Interest{.socket = &history_.stored()}};
        if (!poller.wait(interests, 100)) break;
        acknowledge_stored();
        if (service::take_reload_request()) {
            runtime_.log_reload("bus.allowed", runtime_.context.refresh_allowed());
        }
        // Workers first, so that finished results are published before more probes are queued.
        receive(
            workers_, [this](bus::Received& received) { return handle_worker_message(received); },
            [this](const std::string& worker) { drop_worker(worker); });
        receive(
            edge_, [this](bus::Received& received) { return handle_edge_message(received); },
            [](const std::string&) {});
        count_rejected_connections();
        const auto now = Monotonic::now();
        handle_failures(dispatcher_.expire(now));
        dispatch();
        if (now >= next_status) {
            publish_status();
            next_status = now + std::chrono::seconds(1);
        }
    }
    history_.finish();
    acknowledge_stored();
    if (dispatcher_.unstored() > 0) {
        runtime_.log.warning("results_not_stored", {{"results", dispatcher_.unstored()},
                                                    {"hint", "the edges send these probes again"}});
    }
}

/// Receives at most 100 messages, so that the edges cannot starve the workers, nor the workers the
/// edges. Calls `handle` with each message, and `invalid` with the sender of each invalid message.
template <class Handle, class Invalid>
void Broker::receive(bus::Socket& socket, Handle&& handle, Invalid&& invalid) {
    for (int i = 0; i < 100; ++i) {
        std::string sender;
        auto received = socket.try_receive(&sender);
        if (received && !*received) return;
        const auto handled = received ? handle(**received) : std::unexpected(received.error());
        if (handled) continue;
        runtime_.count_error(handled.error());
        invalid(sender);
    }
}

Result<void> Broker::handle_edge_message(const bus::Received& received) {
    const auto kind = wire::kind(received.message.topic);
    if (kind == wire::Probe::kind) {
        auto probe = decode<wire::Probe>(received);
        if (!probe) return std::unexpected(std::move(probe.error()));
        if (permits(received, probe->head.src)) accept_probe(received, std::move(*probe));
    } else if (kind == wire::Track::kind) {
        const auto event = decode<wire::Track>(received);
        if (!event) return std::unexpected(event.error());
        if (permits(received, event->head.src)) accept_event(received, *event);
    } else if (kind == wire::Camera::kind) {
        const auto camera = decode<wire::Camera>(received);
        if (!camera) return std::unexpected(camera.error());
        if (permits(received, camera->head.src)) publish(*camera, {});
    } else {
        return fail(ErrorKind::unsupported,
                    "an edge sent a message that is not a probe, track or camera message");
    }
    return {};
}

/// Returns whether the edge may report this camera. Otherwise counts and logs the refusal. The edge
/// gets no acknowledgement, so it keeps the probe or event, and nothing is lost if the cause is a
/// wrong configuration.
bool Broker::permits(const bus::Received& received, const std::string& camera) {
    const auto refusal = edges_.record(received, camera, Monotonic::now());
    if (!refusal) return true;
    metrics_.refused[static_cast<std::size_t>(*refusal)].add();
    const char* hint =
        *refusal == Refusal::camera
            ? "add the camera to the key's .pub file in bus.allowed, or rename the camera"
            : "raise broker.cameras_per_edge, or restart the broker to forget old cameras";
    runtime_.log.limited_warning("edge_message_refused",
                                 {{"key", received.key ? received.key->name : "none"},
                                  {"camera", camera},
                                  {"reason", wire::to_string(*refusal)},
                                  {"hint", hint}});
    return false;
}

void Broker::accept_probe(const bus::Received& received, wire::Probe probe) {
    const auto id = probe.probe;
    metrics_.probes.add();
    const auto admission = dispatcher_.admit(sender_of(received), std::move(probe),
                                             received.message.payload, Monotonic::now());
    using Admission = Dispatcher::Admission;
    if (admission == Admission::completed) acknowledge(received.peer, id);
    if (admission == Admission::unstored) acknowledge(received.peer, id, false);
    if (admission == Admission::full || admission == Admission::replaced) {
        metrics_.rejected.add();
        runtime_.log.limited_warning(
            "queue_full", {{"queue", dispatcher_.queued()}, {"hint", "start more workers"}});
    }
}

void Broker::accept_event(const bus::Received& received, const wire::Track& event) {
    // Positions are published but not acknowledged: the edge sends each of them only once.
    if (event.event == wire::TrackEvent::moved) {
        publish(event, {});
        return;
    }
    const auto edge = Edges::id(received);
    const auto track = scoped_id(edge, event.track);
    // The edge repeats other events until they are acknowledged. Publish only the first copy.
    if (published_events_.add(scoped_id(edge, event.ref()))) {
        if (event.event == wire::TrackEvent::started) {
            metrics_.times.record_start(track, event.head.ts);
        }
        publish(event, {});
    }
    if (event.event == wire::TrackEvent::ended) {
        dispatcher_.forget_track(edge, event.track);
        metrics_.times.record_end(track);
    }
    acknowledge(received.peer, event.ref());
}

Result<void> Broker::handle_worker_message(const bus::Received& received) {
    // Ignore everything that a dropped worker still sends on the same connection. A credit would
    // make it available again.
    if (dropped_workers_.contains(received.peer)) return {};
    const auto kind = wire::kind(received.message.topic);
    if (kind == wire::Credit::kind) {
        const auto credit = decode<wire::Credit>(received);
        if (!credit) return std::unexpected(credit.error());
        dispatcher_.credit(received.peer, credit->credit, Monotonic::now(), credit->head.src,
                           credit->gallery_stale);
    } else if (kind == wire::Identity::kind) {
        auto identity = decode<wire::Identity>(received);
        if (!identity) return std::unexpected(std::move(identity.error()));
        const bool ignored = identity->ignored.value_or(false);
        auto completed =
            dispatcher_.complete(received.peer, std::move(*identity), Monotonic::now());
        if (!completed) return {};
        if (ignored) metrics_.ignored.add();
        finish(std::move(*completed), received.message.payload);
    } else {
        return fail(ErrorKind::unsupported,
                    "a worker sent a message that is neither a credit nor an identity");
    }
    return {};
}

/// Stops sending probes to a worker that sent an invalid message, until it reconnects.
void Broker::drop_worker(const std::string& worker) {
    if (!dropped_workers_.add(worker)) return;
    metrics_.workers_disconnected.add();
    handle_failures(dispatcher_.drop_worker(worker, Failure::invalid));
}

/// Logs each failed worker with the probes that it did not answer, and finishes dead-lettered
/// probes.
void Broker::handle_failures(Dispatcher::Failures failures) {
    for (const auto& worker : failures.workers) {
        const bool stalled = worker.reason == Failure::timeout;
        runtime_.log.warning(stalled ? "worker_stalled" : "worker_lost",
                             {{"worker", worker.name},
                              {"reason", wire::to_string(worker.reason)},
                              {"held", worker.probes.size()},
                              {"probes", some_of(worker.probes)}});
    }
    for (auto& completed : failures.dead_lettered) {
        runtime_.log.limited_warning("probe_dead_lettered",
                                     {{"camera", completed.publish->head.src},
                                      {"probe", completed.probe},
                                      {"reason", *completed.publish->reason}});
        finish(std::move(completed), {});
    }
}

void Broker::count_rejected_connections() {
    for (auto& [socket, counter] : rejected_connections_) {
        counter.add(static_cast<double>(socket->rejected_connections()) - counter.value());
    }
}

void Broker::dispatch() {
    while (auto assignment = dispatcher_.next(Monotonic::now())) {
        auto& probe = assignment->probe;
        probe.head.t["queue"] = utc_ns();
        const bus::Message message{wire::topic(probe), wire::encode(probe), assignment->crop};
        if (workers_.try_send(message, assignment->worker)) continue;
        handle_failures(dispatcher_.undelivered(*assignment));
    }
    metrics_.update(dispatcher_);
}

/// Publishes the result of a completed probe if the decision about its track changed, and queues it
/// for the history. The probe is acknowledged when the result is stored, or now if there is nothing
/// to store. Because of this order, no result is lost: if the broker crashes in between, the edge
/// sends the probe again.
void Broker::finish(Dispatcher::Completed completed, const Bytes& crop) {
    metrics_.completed.add();
    if (completed.publish) {
        auto& identity = *completed.publish;
        identity.result = ++results_published_;
        identity.run = run_;
        identity.head.t["publish"] = utc_ns();
        metrics_.results.add();
        metrics_.identities[static_cast<std::size_t>(identity.decision)].add();
        metrics_.times.record_result(completed.track_key, identity);
        publish(identity, crop);
        if (history_.enabled()) {
            if (dispatcher_.await_storage(completed)) {
                history_.append(identity, completed.track_key);
            } else {
                metrics_.history_dropped.add();
            }
            acknowledge(completed.peer, completed.probe, false);
            return;
        }
    }
    acknowledge(completed.peer, completed.probe);
}

void Broker::acknowledge_stored() {
    while (const auto stored = history_.next_stored()) {
        const auto completed = dispatcher_.stored(stored->track, stored->probe);
        if (completed) acknowledge(completed->peer, completed->probe);
    }
}

/// `stored`: see wire::Ack.
void Broker::acknowledge(const std::string& peer, const std::string& ref, bool stored) {
    wire::Ack ack{.head = head(++acks_), .ref = ref};
    if (!stored) ack.stored = false;
    // If the edge has disconnected, it sends the probe or event again later and gets its
    // acknowledgement then.
    edge_.try_send({std::string(wire::Ack::kind), wire::encode(ack), Bytes()}, peer);
}

template <class M>
void Broker::publish(const M& message, const Bytes& payload) {
    results_.try_send({wire::topic(message), wire::encode(message), payload});
}

void Broker::publish_status() {
    const auto now = Monotonic::now();
    const double oldest = std::chrono::duration<double>(dispatcher_.oldest(now)).count();
    const auto edges = edges_.online(now);
    metrics_.oldest.set(oldest);
    metrics_.edges.set(static_cast<double>(edges));
    const char* state = dispatcher_.workers() > 0   ? "ok"
                        : dispatcher_.stalled() > 0 ? "all workers are stalled"
                                                    : "no worker";
    const auto& errors = metrics_.identities[static_cast<std::size_t>(wire::Decision::error)];
    const auto redelivered = [this](Failure reason) { return dispatcher_.redelivered(reason); };
    const wire::Status status{
        .head = head(++statuses_),
        .state = state,
        .run = run_,
        .workers = static_cast<std::uint32_t>(dispatcher_.workers()),
        .queued = dispatcher_.queued(),
        .in_flight = dispatcher_.in_flight(),
        .results = results_published_,
        .refused = static_cast<std::uint64_t>(metrics_.rejected.value()),
        .gallery_stale = dispatcher_.gallery_stale(),
        .oldest_probe = oldest,
        .stalled = static_cast<std::uint32_t>(dispatcher_.stalled()),
        .edges = static_cast<std::uint32_t>(edges),
        .redelivered = wire::Redelivered{.unresponsive = redelivered(Failure::unresponsive),
                                         .disconnected = redelivered(Failure::disconnected),
                                         .timeout = redelivered(Failure::timeout),
                                         .invalid = redelivered(Failure::invalid),
                                         .undeliverable = redelivered(Failure::undeliverable)},
        .dead_lettered = static_cast<std::uint64_t>(errors.value())};
    publish(status, {});
}

Counter Broker::rejected_connections(const char* role) {
    return runtime_.metrics.counter("facebus_connections_rejected_total",
                                    "Rejected connections: the peer does not speak ZeroMQ, or its "
                                    "key is missing, wrong or not allowed",
                                    {{"role", role}});
}

wire::Head Broker::head(std::uint64_t seq) {
    return {.src = "broker", .seq = seq, .ts = utc_ns()};
}

}  // namespace facebus::broker

#include "recognize/worker.hpp"

#include <chrono>

#include "base/clock.hpp"
#include "wire/codec.hpp"

namespace facebus::recognize {

Worker::Worker(service::Runtime& runtime, const Options& options,
               const std::string& broker_endpoint, const gallery::RedisOptions& redis,
               const gallery::CalibrationOptions& calibration)
    : runtime_(runtime),
      options_(options),
      recognizer_(runtime.models, options.embedder),
      watcher_(runtime, redis, calibration, recognizer_.model_id()),
      tracks_(runtime, redis, options.track_ttl, recognizer_.model_id()),
      broker_(runtime.context, bus::SocketType::dealer),
      seconds_(
          runtime.metrics.histogram("facebus_batch_seconds", "Time to process a batch of probes")),
      faces_(runtime.metrics.counter("facebus_faces_recognized_total",
                                     "Faces embedded and matched, whatever the decision")) {
    const auto& engine = recognizer_.engine();
    for (const auto& reason : engine.skipped) {
        runtime.log.warning("engine_skipped", {{"reason", reason}});
    }
    runtime.log.info("engine_loaded", {{"engine", engine.name}, {"precision", engine.precision}});
    broker_.connect(broker_endpoint, "broker.workers");
}

void Worker::run() {
    const bus::Poller poller(runtime_.stop, runtime_.heartbeat);
    runtime_.ready();
    send_credit();
    while (poller.wait_readable(broker_, 1000)) {
        tracks_.expire();
        const auto items = receive();
        if (!items.empty()) process(items);
        send_credit();
    }
}

std::vector<ProbeItem> Worker::receive() {
    std::vector<ProbeItem> items;
    while (items.size() < static_cast<std::size_t>(options_.batch)) {
        auto received = broker_.try_receive();
        if (!received) {
            runtime_.count_error(received.error());
            continue;
        }
        if (!*received) break;
        auto& raw = (*received)->message;
        auto probe = wire::decode<wire::Probe>(raw.header, raw.payload.size());
        if (!probe) {
            runtime_.count_error(probe.error());
            continue;
        }
        items.push_back({std::move(*probe), {crop_side, crop_side, std::move(raw.payload)}});
    }
    return items;
}

void Worker::process(const std::vector<ProbeItem>& items) {
    const auto start = Monotonic::now();
    const auto view = watcher_.view();
    auto identities = recognizer_.process(
        items, *view.snapshot, view.policy,
        [this](const auto& track, const auto& probe) { return tracks_.remember(track, probe); });
    for (std::size_t i = 0; i < identities.size(); ++i) {
        auto& identity = identities[i];
        identity.head.seq = ++seq_;
        // The crop of an ignored person must not leave this process.
        const bool crop = options_.publish_crops && !identity.ignored.value_or(false);
        const auto payload = crop ? items[i].crop.pixels : Bytes();
        // If the broker has restarted, it ignores this result unless the edge has already sent it
        // the probe again. The edge repeats the probe until it is acknowledged.
        broker_.try_send({wire::topic(identity), wire::encode(identity), payload});
    }
    faces_.add(static_cast<double>(items.size()));
    seconds_.observe(std::chrono::duration<double>(Monotonic::now() - start).count());
}

/// Requests one batch of probes from the broker. The message also shows that this worker is alive,
/// and describes its copy of the gallery.
void Worker::send_credit() {
    const auto view = watcher_.view();
    const wire::Credit credit{
        .head = {.src = runtime_.instance, .seq = ++seq_, .ts = utc_ns(), .t = {}},
        .credit = static_cast<std::uint32_t>(options_.batch),
        .model = recognizer_.model_id(),
        .gallery = view.snapshot->version(),
        .gallery_stale = watcher_.stale(),
        .subjects = view.snapshot->subjects(),
        .samples = view.snapshot->samples()};
    broker_.try_send({wire::topic(credit), wire::encode(credit), Bytes()});
}

}  // namespace facebus::recognize

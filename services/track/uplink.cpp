#include "track/uplink.hpp"

#include <chrono>
#include <utility>

#include "wire/codec.hpp"

namespace facebus::track {
namespace {

constexpr std::size_t max_unconfirmed = 10'000;

bus::Outbox::Options outbox_options(const Options& options) {
    return {.capacity = static_cast<std::size_t>(options.outbox),
            .resend = std::chrono::milliseconds(static_cast<int>(options.resend * 1000))};
}

}  // namespace

Uplink::Uplink(service::Runtime& runtime, bus::Socket& socket, const Options& options)
    : runtime_(runtime),
      socket_(socket),
      outbox_(outbox_options(options)),
      sent_(runtime.metrics.counter("facebus_probes_sent_total",
                                    "Probes added to the outbox; retransmissions are not counted")),
      resent_(runtime.metrics.counter("facebus_probes_resent_total",
                                      "Retransmissions of probes that the broker did not "
                                      "acknowledge within track.resend")),
      acknowledged_(runtime.metrics.counter("facebus_probes_acknowledged_total",
                                            "Probes that the broker acknowledged")),
      dropped_(runtime.metrics.counter("facebus_probes_dropped_total",
                                       "Probes of live cameras dropped from the full outbox "
                                       "before they were sent: they are lost")),
      dropped_unacknowledged_(runtime.metrics.counter(
          "facebus_probes_dropped_unacknowledged_total",
          "Probes of live cameras dropped from the full outbox after they were sent, and not "
          "acknowledged within ten times track.resend after that: the broker may have lost or "
          "rejected them")),
      pending_(runtime.metrics.gauge("facebus_outbox_entries",
                                     "Probes and events that are not acknowledged yet")),
      late_(std::chrono::milliseconds(static_cast<int>(options.resend * 10'000))) {}

void Uplink::put(TrackOutput output, bool live) {
    for (auto& event : output.before) {
        if (event.event == wire::TrackEvent::started) {
            runtime_.metrics
                .counter("facebus_tracks_total",
                         "Tracks started: about one per face that enters the view of a camera",
                         {{"camera", event.head.src}})
                .add();
        }
        put_event(event, live);
    }
    for (auto& probe : output.probes) put_probe(probe, live);
    for (auto& event : output.after) put_event(event, live);
}

void Uplink::put_probe(TrackOutput::Probe& probe, bool live) {
    auto& message = probe.message;
    make_room(live);
    stamp(message.head);
    // Copy the crop, because it shares its memory with all crops of its frame.
    outbox_.add(message.probe, message.head.src + "/" + message.track + "/",
                {wire::topic(message), wire::encode(message),
                 Bytes::copy(probe.pixels.data(), probe.pixels.size())},
                bus::Outbox::Kind::probe, live);
    // Set first, so that a scrape that counts the probe as sent also counts it as pending.
    pending_.set(static_cast<double>(outbox_.size()));
    sent_.add();
}

void Uplink::put_event(wire::Track& event, bool live) {
    stamp(event.head);
    bus::Message message{wire::topic(event), wire::encode(event), Bytes()};
    if (event.event == wire::TrackEvent::moved) {
        // A late position is useless, so it is sent only once.
        socket_.try_send(message);
        return;
    }
    make_room(live);
    const auto camera = event.head.src + "/";
    outbox_.add(event.ref(),
                event.event == wire::TrackEvent::end ? camera : camera + event.track + "/",
                std::move(message),
                event.event == wire::TrackEvent::started ? bus::Outbox::Kind::event
                                                         : bus::Outbox::Kind::closing,
                live);
}

void Uplink::report(wire::Camera camera) {
    camera.head.seq = ++seq_;
    socket_.try_send({wire::topic(camera), wire::encode(camera), Bytes()});
}

void Uplink::pump() {
    receive_acknowledgements();
    expire_unconfirmed();
    resend_after_reconnect();
    while (const auto* message = outbox_.next_to_send(Monotonic::now())) {
        if (!socket_.try_send(*message)) break;
        if (outbox_.mark_sent(Monotonic::now())) resent_.add();
    }
    pending_.set(static_cast<double>(outbox_.size()));
}

void Uplink::receive_acknowledgements() {
    while (true) {
        auto received = socket_.try_receive();
        if (!received) {
            runtime_.count_error(received.error());
            continue;
        }
        if (!*received) return;
        const auto& raw = (*received)->message;
        const auto ack = wire::decode<wire::Ack>(raw.header, raw.payload.size());
        if (!ack) {
            runtime_.count_error(ack.error());
        } else if (!ack->stored.value_or(true)) {
            outbox_.mark_published(ack->ref, Monotonic::now());
        } else if (outbox_.acknowledge(ack->ref, Monotonic::now()) == bus::Outbox::Kind::probe ||
                   std::erase_if(unconfirmed_, [&](const Unconfirmed& dropped) {
                       return dropped.probe == ack->ref;
                   }) > 0) {
            acknowledged_.add();
        }
    }
}

void Uplink::resend_after_reconnect() {
    const auto before = std::exchange(connections_, socket_.connections());
    // Messages that were sent before the first connection are still in the queue of the socket.
    if (before > 0 && connections_ > before) outbox_.resend_all();
}

void Uplink::stamp(wire::Head& head) {
    head.seq = ++seq_;
    head.t["track"] = utc_ns();
}

void Uplink::make_room(bool live) {
    if (!live) return;
    auto dropped = outbox_.drop_if_full();
    if (!dropped || dropped->kind != bus::Outbox::Kind::probe) return;
    if (!dropped->sent) {
        dropped_.add();
        return;
    }
    unconfirmed_.push_back({std::move(dropped->ref), Monotonic::now() + late_});
    if (unconfirmed_.size() > max_unconfirmed) {
        unconfirmed_.pop_front();
        dropped_unacknowledged_.add();
    }
}

void Uplink::expire_unconfirmed() {
    while (!unconfirmed_.empty() && unconfirmed_.front().expires <= Monotonic::now()) {
        unconfirmed_.pop_front();
        dropped_unacknowledged_.add();
    }
}

}  // namespace facebus::track

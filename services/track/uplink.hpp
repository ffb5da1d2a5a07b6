// Connection from the edge to the broker.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "bus/outbox.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"
#include "track/track_stage.hpp"

namespace facebus::track {

/// Sends probes and track events to the broker and keeps each until the broker acknowledges it. If
/// the outbox is full, a new message of a live camera replaces the oldest probe, which is counted
/// as dropped, or the oldest event if there are no probes. For files, the caller must wait until
/// full() returns false. Not thread-safe.
class Uplink {
  public:
    /// Requires: `socket` is connected to the broker's endpoint for probes.
    Uplink(service::Runtime& runtime, bus::Socket& socket, const Options& options);

    /// Sets the sequence numbers and timestamps of the messages of one frame and adds them to the
    /// outbox, except `moved` events, which are sent directly and only once. `live`: the frame is
    /// from a live source.
    void put(TrackOutput output, bool live);

    /// Sends a camera report once. It is not retransmitted, because a late report is useless.
    void report(wire::Camera camera);

    /// Sends or retransmits the messages that are due, and reads acknowledgements. Never blocks.
    void pump();

    /// Returns whether the outbox is full.
    [[nodiscard]] bool full() const { return outbox_.full(); }

    /// Returns when the next message must be sent or retransmitted; see Outbox::next_due().
    [[nodiscard]] std::optional<Monotonic::time_point> next_due() const {
        return outbox_.next_due();
    }

  private:
    void receive_acknowledgements();
    /// Sets the sequence number and the timestamp of `track`.
    void stamp(wire::Head& head);
    /// If the outbox is full and the source is live, drops the oldest probe and counts it, or drops
    /// the oldest event if there are no probes.
    void make_room(bool live);
    void put_probe(TrackOutput::Probe& probe, bool live);
    void put_event(wire::Track& event, bool live);

    service::Runtime& runtime_;
    bus::Socket& socket_;
    bus::Outbox outbox_;
    Counter sent_;
    Counter resent_;
    Counter acknowledged_;
    Counter dropped_;
    Gauge pending_;
    std::uint64_t seq_ = 0;
};

}  // namespace facebus::track

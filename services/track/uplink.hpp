// Connection from the edge to the broker.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "bus/outbox.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"
#include "track/track_stage.hpp"

namespace facebus::track {

/// Sends probes and track events to the broker and keeps each until the broker acknowledges it.
/// Sends all of them again when it has reconnected, because the broker may have restarted. If the
/// outbox is full of messages of live cameras, a new one replaces an older one; see
/// Outbox::drop_if_full(). A probe that is dropped this way, but was sent before, counts as dropped
/// only if the broker does not acknowledge it soon. For lossless cameras, the caller must wait
/// until full() returns false. Not thread-safe.
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

    /// Returns whether the outbox is full of messages of lossless cameras.
    [[nodiscard]] bool full() const { return outbox_.full(); }

    /// Returns when the next message must be sent or retransmitted; see Outbox::next_due().
    [[nodiscard]] std::optional<Monotonic::time_point> next_due() const {
        return outbox_.next_due();
    }

  private:
    /// Probe that was dropped after it was sent. Its acknowledgement may still arrive.
    struct Unconfirmed {
        std::string probe;
        Monotonic::time_point expires;
    };

    void receive_acknowledgements();
    void resend_after_reconnect();
    /// Sets the sequence number and the timestamp of `track`.
    void stamp(wire::Head& head);
    /// If the camera is live and the outbox is full of messages of live cameras, drops one.
    void make_room(bool live);
    /// Counts the probes in `unconfirmed_` whose time has expired.
    void expire_unconfirmed();
    void put_probe(TrackOutput::Probe& probe, bool live);
    void put_event(wire::Track& event, bool live);

    service::Runtime& runtime_;
    bus::Socket& socket_;
    bus::Outbox outbox_;
    Counter sent_;
    Counter resent_;
    Counter acknowledged_;
    Counter dropped_;
    Counter dropped_unacknowledged_;
    Gauge pending_;
    std::uint64_t seq_ = 0;
    std::deque<Unconfirmed> unconfirmed_;
    Monotonic::duration late_;       ///< time for which a late acknowledgement is expected
    std::uint64_t connections_ = 0;  ///< Socket::connections() when it was last read
};

}  // namespace facebus::track

// The edge's end of the way to the broker.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "bus/outbox.hpp"
#include "bus/socket.hpp"
#include "service/runtime.hpp"
#include "track/track_stage.hpp"

namespace facebus::track {

/// Sends probes and track events to the broker, and keeps each until the broker acknowledges it. If
/// the outbox is full, live cameras drop their oldest probe and it is counted; files are held by
/// full(). Not thread-safe.
class Uplink {
  public:
    /// `socket` is connected to the broker's endpoint for probes.
    Uplink(service::Runtime& runtime, bus::Socket& socket, const Options& options);

    /// Numbers what one frame gave and puts it into the outbox. `live`: of a camera, not of a file.
    void put(TrackOutput output, bool live);

    /// Sends a report about a camera once; it is worthless when late.
    void report(wire::Camera camera);

    /// Sends what is due and reads acknowledgements. Never blocks.
    void pump();

    /// Whether the outbox has no room.
    [[nodiscard]] bool full() const { return outbox_.full(); }

    /// When something is to be sent again, if ever.
    [[nodiscard]] std::optional<Monotonic::time_point> next_due() const {
        return outbox_.next_due();
    }

  private:
    void receive_acknowledgements();
    void stamp(wire::Head& head);
    void make_room(bool live);
    void put_probe(TrackOutput::Crop& probe, bool live);
    void put_event(wire::Track& event, bool live);

    service::Runtime& runtime_;
    bus::Socket& socket_;
    bus::Outbox outbox_;
    Counter sent_;
    Counter acknowledged_;
    Counter dropped_;
    Gauge waiting_;
    std::uint64_t seq_ = 0;
};

}  // namespace facebus::track

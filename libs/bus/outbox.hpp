// Outbox of `track`: messages that the broker has not yet acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "bus/socket.hpp"

namespace facebus::bus {

/// At-least-once delivery from the edge. Keeps probes and track events until they are acknowledged
/// or dropped. Returns a message from next_to_send(), and returns it again if the acknowledgement
/// does not arrive in time. A closing entry, such as the event `ended` of a track, waits for
/// earlier entries; see add(). Contains neither sockets nor a clock: the caller sends the messages
/// and passes the current time. Not thread-safe.
class Outbox {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        /// Number of entries at which the outbox counts as full. add() accepts more.
        std::size_t capacity = 256;
        /// Time after which an unacknowledged entry is resent.
        Monotonic::duration resend = std::chrono::seconds(3);
    };

    explicit Outbox(const Options& options) : options_(options) {}

    enum class Kind {
        probe,    ///< dropped first when the outbox is full
        event,    ///< track event; dropped only if the outbox contains no probes
        closing,  ///< like `event`, but waits for earlier entries; see add()
    };

    /// Adds a message. `ref` is the id by which it will be acknowledged. `group` is
    /// "<camera>/<track>/" if the message is about a track, and "<camera>/" if it is about a
    /// camera: "door/7/" or "door/". A closing entry waits until all earlier entries whose group
    /// starts with its own group are acknowledged or dropped.
    void add(std::string ref, std::string group, Message message, Kind kind);

    /// If the outbox is full, drops the oldest probe, or the oldest event if there are no probes.
    /// Returns the kind of the dropped entry, or nothing if the outbox is not full.
    std::optional<Kind> drop_oldest_if_full();

    /// Returns the message of the first due entry, or null if none is due. A closing entry that
    /// waits for other entries is not due. Any other entry is due if it was never sent, or was last
    /// sent at least `resend` ago. Call mark_sent() after sending the entry.
    const Message* next_to_send(Time now);
    /// Records that the entry returned by the last next_to_send() was sent. Returns whether that
    /// was a retransmission of a probe.
    bool mark_sent(Time now);

    /// Removes the acknowledged entry and returns its kind. Returns nothing if `ref` is unknown,
    /// for example because its entry was acknowledged or dropped earlier.
    std::optional<Kind> acknowledge(std::string_view ref);

    /// Returns when the next entry will be due if the outbox does not change until then, or a time
    /// in the past if an entry is due already. Returns nothing if the outbox is empty.
    [[nodiscard]] std::optional<Time> next_due() const;

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool full() const { return entries_.size() >= options_.capacity; }

  private:
    struct Entry {
        std::string ref;
        std::string group;
        Message message;
        Kind kind{};
        std::optional<Time> sent;  ///< time when the entry was last sent
    };

    /// Returns whether the entry is a closing one that waits for an earlier entry.
    [[nodiscard]] bool must_wait(std::size_t index) const;
    [[nodiscard]] std::optional<std::size_t> first_due(Time now) const;

    Options options_;
    std::deque<Entry> entries_;
    std::optional<std::size_t> offered_;  ///< index of the entry that next_to_send() returned
};

}  // namespace facebus::bus

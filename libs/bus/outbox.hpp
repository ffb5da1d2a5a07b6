// Outbox of `track`: messages that the broker has not acknowledged yet.
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

/// At-least-once delivery from the edge. Keeps probes and track events until they are acknowledged,
/// and offers them again if an acknowledgement does not arrive in time. A closing entry, such as
/// "ended" of a track, is held until all earlier entries of its group are acknowledged. Contains
/// neither sockets nor a clock: the caller sends and passes the time. Not thread-safe.
class Outbox {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        std::size_t capacity = 256;                            ///< entries, see full()
        Monotonic::duration resend = std::chrono::seconds(3);  ///< interval between transmissions
    };

    explicit Outbox(const Options& options) : options_(options) {}

    enum class Kind {
        probe,    ///< dropped first when the outbox is full
        event,    ///< track event: rare and small, dropped only if no probes are left
        closing,  ///< event that is sent only after all earlier entries of its group are
                  ///< acknowledged
    };

    /// Adds a message that is acknowledged by `ref`. `group` is "door/7/" for a track and
    /// "door/" for a camera. A closing entry waits for all earlier entries whose group
    /// starts with its own.
    void add(std::string ref, std::string group, Message message, Kind kind);

    /// If the outbox is full, drops the oldest probe, or the oldest event if there are no probes.
    /// Returns the kind of the dropped entry, or nothing.
    std::optional<Kind> drop_oldest_if_full();

    /// Returns the first entry to send now, or null: one that was never sent, or last sent at least
    /// `resend` ago, and is not held. Call sent() after sending it.
    const Message* due(Time now);
    /// Records that the entry from the last due() was sent.
    void sent(Time now);

    /// Removes the acknowledged entry and returns its kind. Returns nothing for an unknown `ref`,
    /// which was acknowledged or dropped earlier.
    std::optional<Kind> acknowledge(std::string_view ref);

    /// Returns when the next entry is due, unless entries are acknowledged or added before; nothing
    /// if no entry will be due.
    [[nodiscard]] std::optional<Time> next_due() const;

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool full() const { return entries_.size() >= options_.capacity; }

  private:
    struct Entry {
        std::string ref;
        std::string group;
        Message message;
        Kind kind{};
        std::optional<Time> sent;  ///< last transmission
    };

    /// Returns whether the entry is a closing one that waits for an earlier entry.
    [[nodiscard]] bool held(std::size_t index) const;
    [[nodiscard]] std::optional<std::size_t> first_due(Time now) const;

    Options options_;
    std::deque<Entry> entries_;
    std::optional<std::size_t> offered_;  ///< entry that due() returned last
};

}  // namespace facebus::bus

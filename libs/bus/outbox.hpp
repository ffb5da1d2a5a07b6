// What `track` keeps until the broker says that it is done with it.
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

/// At-least-once delivery from the edge: probes and track events stay here until they are
/// acknowledged and are sent again when an acknowledgement does not come. An entry may wait for
/// others: "ended" of a track leaves only when all earlier entries of its group are acknowledged.
/// No socket and no clock inside. Not thread-safe.
class Outbox {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        std::size_t capacity = 256;
        Monotonic::duration resend = std::chrono::seconds(3);
    };

    explicit Outbox(const Options& options) : options_(options) {}

    enum class Kind {
        probe,    ///< makes room for newer entries when the outbox is full
        event,    ///< few and small, and somebody waits for them
        closing,  ///< an event that is not sent before what it closes is acknowledged
    };

    /// Adds a message known by `ref`; `group` ties entries together (a track, or all of a
    /// camera's). A closing one waits for every earlier entry whose group starts with `group`.
    void add(std::string ref, std::string group, Message message, Kind kind);

    /// Makes room for one more entry where there is none, by dropping the oldest probe, or the
    /// oldest event if there are only events. Gives the kind of what it dropped.
    std::optional<Kind> drop_oldest_if_full();

    /// The entry that is to be sent now, if any: never sent, or sent longer ago than `resend`.
    /// Call sent() once it went out.
    const Message* due(Time now);
    void sent(Time now);

    /// The message was acknowledged. Gives its kind; nothing for an unknown ref, which was
    /// acknowledged or dropped before.
    std::optional<Kind> acknowledge(std::string_view ref);

    /// When the next entry is due, if nothing is acknowledged or added before; nothing if empty.
    [[nodiscard]] std::optional<Time> next_due() const;

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    [[nodiscard]] bool full() const { return entries_.size() >= options_.capacity; }

  private:
    struct Entry {
        std::string ref;
        std::string group;
        Message message;
        Kind kind{};
        std::optional<Time> sent;
    };

    [[nodiscard]] bool held(std::size_t index) const;
    [[nodiscard]] std::optional<std::size_t> first_due(Time now) const;

    Options options_;
    std::deque<Entry> entries_;
    std::optional<std::size_t> offered_;
};

}  // namespace facebus::bus

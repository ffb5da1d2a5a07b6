// Outbox of `track`: messages that the broker has not yet acknowledged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.hpp"
#include "bus/socket.hpp"

namespace facebus::bus {

/// At-least-once delivery from the edge. Keeps probes and track events until they are acknowledged
/// or dropped. Returns a message from next_to_send(), and returns it again if the acknowledgement
/// does not arrive in time: first after `resend`, then after twice that time, and so on up to
/// `max_resend`. A closing entry, such as the event `ended` of a track, waits for earlier entries;
/// see add(). Contains neither sockets nor a clock: the caller sends the messages and passes the
/// current time. The time per operation hardly depends on the number of entries, except that
/// resend_all() and the first acknowledgement after a pause take linear time. Not thread-safe.
class Outbox {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        /// Number of entries of live cameras, and of lossless ones, at which the outbox counts as
        /// full for them. add() accepts more.
        std::size_t capacity = 1024;
        /// Time after which an unacknowledged entry is resent for the first time.
        Monotonic::duration resend = std::chrono::seconds(3);
        /// Maximum time between retransmissions, unless `resend` is longer.
        Monotonic::duration max_resend = std::chrono::seconds(60);
    };

    explicit Outbox(const Options& options) : options_(options) {}

    enum class Kind {
        probe,    ///< dropped first when the outbox is full
        event,    ///< track event; dropped only if there is no probe to drop
        closing,  ///< like `event`, but waits for earlier entries; see add()
    };

    /// Adds a message. `ref` is the id by which it will be acknowledged. `group` is
    /// "<camera>/<track>/" if the message is about a track, and "<camera>/" if it is about a
    /// camera: "door/7/" or "door/". A closing entry waits until all earlier entries whose group
    /// starts with its own group are published, acknowledged or dropped. `live`: the camera is
    /// live, so the entry may be dropped. Requires: no entry has the same `ref`.
    void add(std::string ref, std::string group, Message message, Kind kind, bool live);

    struct Dropped {
        std::string ref;
        Kind kind{};
        bool sent = false;  ///< it was sent, so an acknowledgement may still arrive
    };

    /// If the outbox is full of entries of live cameras, drops an entry of the camera with the most
    /// of these: its oldest probe, or its oldest event if it has no probes. Cameras with fewer
    /// entries lose none. Returns the dropped entry, or nothing if the outbox is not full. Takes
    /// linear time if it is full.
    std::optional<Dropped> drop_if_full();

    /// Returns the message of the first due entry, or null if none is due. A closing entry that
    /// waits for other entries is not due. Call mark_sent() after sending the entry.
    const Message* next_to_send(Time now);
    /// Records that the entry returned by the last next_to_send() was sent. Returns whether that
    /// was a retransmission of a probe.
    bool mark_sent(Time now);

    /// Removes the acknowledged entry and returns its kind. Returns nothing if `ref` is unknown,
    /// for example because its entry was acknowledged or dropped earlier.
    std::optional<Kind> acknowledge(std::string_view ref, Time now);
    /// Records that the broker has published the result of the probe `ref`, but not stored it yet.
    /// The entry stays, is resent after `max_resend`, and no longer holds back a closing entry.
    void mark_published(std::string_view ref, Time now);
    /// Makes all entries due, because the broker may have lost them: it may have restarted.
    void resend_all();

    /// Returns when the next entry will be due if the outbox does not change until then, or a time
    /// in the past if an entry is due already. Returns nothing if no entry will be due.
    [[nodiscard]] std::optional<Time> next_due() const;

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Returns whether the outbox is full of entries of lossless cameras.
    [[nodiscard]] bool full() const { return entries_.size() - live_ >= options_.capacity; }

  private:
    struct Entry {
        std::string ref;
        std::string group;
        Message message;
        Kind kind{};
        bool live = false;
        Time due = Time::min();  ///< when to send the entry; Time::min(): immediately
        int attempts = 0;        ///< transmissions that count for the next value of `due`
        bool sent = false;       ///< the entry was sent at least once
        bool published = false;  ///< see mark_published()
    };
    /// In the order in which the entries were added.
    using Entries = std::map<std::uint64_t, Entry>;

    /// Returns whether the entry is a closing one that waits for an earlier entry.
    [[nodiscard]] bool must_wait(std::uint64_t number) const;
    void schedule(Entries::value_type& entry, Time due);
    void stop_holding_back(const Entries::value_type& entry);
    Kind remove(Entries::iterator entry);
    Entries::iterator find(std::string_view ref);
    void hear(Time now);

    Options options_;
    Entries entries_;
    std::size_t live_ = 0;                                    ///< number of entries of live cameras
    std::uint64_t added_ = 0;                                 ///< number of the last entry
    std::unordered_map<std::string, std::uint64_t> numbers_;  ///< by `ref`
    std::set<std::pair<Time, std::uint64_t>> schedule_;       ///< all entries, by `due`
    /// Numbers of the entries that hold back closing ones, by group.
    std::map<std::string, std::set<std::uint64_t>> open_;
    std::optional<std::uint64_t> offered_;  ///< the entry that next_to_send() returned
    std::optional<Time> heard_;             ///< when the broker last reported something
};

}  // namespace facebus::bus

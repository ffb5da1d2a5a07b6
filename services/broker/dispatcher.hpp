// The bookkeeping of the broker: which probes are waiting, in flight or completed.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "wire/messages.hpp"

namespace facebus::broker {

/// Bounded set of ids that forgets the oldest first. Not thread-safe.
class RecentIds {
  public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

    /// Adds the id. Returns false if it is already in the set.
    bool add(const std::string& id);
    [[nodiscard]] bool contains(const std::string& id) const { return ids_.contains(id); }

  private:
    std::size_t capacity_;
    std::unordered_set<std::string> ids_;
    std::deque<std::string> order_;
};

/// Assigns probes to workers that have credit, and completes each admitted probe exactly once. A
/// probe is delivered to a worker at least once: if the worker is lost, the probe goes to another
/// one. If `max_attempts` workers are lost with the probe in flight, the probe is dead-lettered:
/// completed with the decision `error`.
///
/// The probes of one track are processed one at a time and in order, so that a replay gives the
/// same decisions with any number of workers. The class uses no socket and no clock. Not
/// thread-safe.
class Dispatcher {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        std::size_t queue = 10000;  ///< maximum number of waiting probes
        /// A worker is lost if no message arrived from it for longer than this.
        Monotonic::duration worker_timeout = std::chrono::seconds(5);
        int max_attempts = 3;  ///< maximum number of deliveries of a probe
        /// Maximum number of completed probes whose ids are remembered, and of tracks whose last
        /// decision is remembered.
        std::size_t remembered = 65536;
    };

    explicit Dispatcher(const Options& options)
        : options_(options), completed_(options.remembered) {}

    /// Outcome of admit().
    enum class Admission {
        queued,     ///< the probe is new and now waits for a worker
        duplicate,  ///< the probe is already waiting or in flight
        completed,  ///< the probe is already completed; acknowledge it again
        full,       ///< the queue is full; the edge keeps the probe and sends it again later
    };
    /// Queues a probe that arrived from an edge, unless it is known already or the queue is full.
    Admission admit(const std::string& edge, wire::Probe probe, Bytes crop);

    /// Records that the worker is alive and accepts `credit` more probes from now on. The new
    /// credit replaces the old one.
    void credit(const std::string& worker, std::uint32_t credit, Time now);

    /// A probe and the worker that it must be sent to.
    struct Assignment {
        std::string worker;
        wire::Probe probe;
        Bytes crop;
    };
    /// Puts the next probe in flight and returns it with its worker. Returns nothing if no worker
    /// has credit, if no probe waits, or if each waiting probe belongs to a track that has a probe
    /// in flight.
    std::optional<Assignment> next();

    /// A completed probe. The edge gets an acknowledgement; subscribers get the identity if the
    /// decision about the track changed. Identities of ignored people are not published, except to
    /// retract an earlier one of the same track.
    struct Completed {
        std::string edge;                       ///< peer name of the edge that sent the probe
        std::string probe;                      ///< id of the probe
        std::optional<wire::Identity> publish;  ///< empty: nothing to publish
    };
    /// Completes a probe with the result of a worker. Returns nothing if the probe is not in
    /// flight, for example because another worker completed it first.
    std::optional<Completed> complete(wire::Identity identity, Time now);

    /// Removes the workers whose last message is older than `worker_timeout`. Puts their probes
    /// back into the queue, but dead-letters those that were delivered `max_attempts` times.
    /// Returns the dead-lettered probes.
    std::vector<Completed> expire(Time now);
    /// Removes one worker. Treats its probes like expire() does, and returns the dead-lettered
    /// ones.
    std::vector<Completed> drop_worker(const std::string& worker);
    /// Removes the worker that a probe could not be sent to, like drop_worker(). The probe does not
    /// count as delivered. Requires: next() returned `assignment`, and its probe is in flight.
    std::vector<Completed> undelivered(const Assignment& assignment);

    /// Forgets the last decision about a track that ended, as soon as its probes are completed.
    void forget_track(const std::string& track);

    [[nodiscard]] std::size_t queued() const { return queued_; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
    [[nodiscard]] std::size_t workers() const { return workers_.size(); }

  private:
    /// An admitted probe.
    struct Entry {
        std::string edge;  ///< peer name of the edge that sent the probe
        wire::Probe probe;
        Bytes crop;
        int attempts = 0;  ///< deliveries to workers so far
    };
    struct InFlight {
        Entry entry;
        std::string worker;
    };
    struct Worker {
        std::uint32_t credit = 0;  ///< number of further probes that the worker accepts
        Time last_seen;            ///< when the last message of the worker arrived
    };
    /// The fields of an identity that count as its decision. A new result is published only if one
    /// of them changes.
    struct Decided {
        wire::Decision decision{};
        std::optional<std::string> subject_id;
        bool ignored = false;
        bool operator==(const Decided&) const = default;
    };

    void enqueue(Entry entry, bool front);
    std::optional<Completed> reclaim(InFlight lost);
    void advance_track(const std::string& track);
    [[nodiscard]] bool update_decision(const wire::Identity& identity);

    Options options_;
    RecentIds completed_;                                         ///< ids of completed probes
    std::unordered_map<std::string, std::deque<Entry>> waiting_;  ///< probes, by track
    /// Tracks whose next probe can be sent, in the order in which they take turns.
    std::deque<std::string> ready_;
    std::unordered_set<std::string> pending_;  ///< ids of probes that wait or are in flight
    std::unordered_set<std::string> busy_;     ///< tracks with a probe in flight
    std::unordered_map<std::string, InFlight> in_flight_;  ///< by probe id
    std::unordered_map<std::string, Worker> workers_;      ///< by peer name
    std::unordered_map<std::string, Decided> decided_;     ///< last decision, by track
    std::unordered_set<std::string> ended_;                ///< ended tracks with pending probes
    std::size_t queued_ = 0;                               ///< number of probes in waiting_
};

}  // namespace facebus::broker

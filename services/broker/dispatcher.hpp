// The bookkeeping of the broker: which probes wait, which are in flight, which are completed.
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

/// Assigns probes to workers that have credit, and produces exactly one result per probe. A probe
/// is delivered to a worker at least once: if the worker is lost, the probe goes to another one.
/// After `max_attempts` deliveries it is dead-lettered: completed with the decision `error`.
///
/// The probes of one track are processed one at a time and in order, so that a replay gives the
/// same decisions with any number of workers. The class uses no socket and no clock. Not
/// thread-safe.
class Dispatcher {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        std::size_t queue = 10000;  ///< maximum number of waiting probes
        Monotonic::duration worker_timeout = std::chrono::seconds(5);
        int max_attempts = 3;            ///< deliveries before a probe is dead-lettered
        std::size_t remembered = 65536;  ///< completed probes, and tracks, that are remembered
    };

    explicit Dispatcher(const Options& options)
        : options_(options), completed_(options.remembered) {}

    enum class Admission {
        queued,     ///< it is new and waits for a worker now
        duplicate,  ///< it is already waiting or in flight
        completed,  ///< it is already completed: acknowledge it again
        full,       ///< the queue is full: the edge keeps it and sends it again later
    };
    Admission admit(const std::string& edge, wire::Probe probe, Bytes crop);

    /// Records that the worker is alive and accepts `credit` more probes from now on. The new
    /// credit replaces the old one.
    void credit(const std::string& worker, std::uint32_t credit, Time now);

    struct Assignment {
        std::string worker;
        wire::Probe probe;
        Bytes crop;
    };
    /// Puts the next probe in flight and returns it with its worker. Returns nothing if no probe
    /// can be sent or no worker has credit.
    std::optional<Assignment> next();

    /// A completed probe. The edge gets an acknowledgement; subscribers get the identity if the
    /// decision about the track changed. Identities of ignored people are not published, except to
    /// retract an earlier one of the same track.
    struct Completed {
        std::string edge;
        std::string probe;
        std::optional<wire::Identity> publish;
    };
    /// Completes a probe with the result of a worker. Returns nothing if the probe is not in
    /// flight, for example because another worker completed it first.
    std::optional<Completed> complete(wire::Identity identity, Time now);

    /// Drops the workers that have been silent for longer than `worker_timeout`. Their probes wait
    /// again; returns those that are dead-lettered.
    std::vector<Completed> expire(Time now);
    /// Drops one worker in the same way.
    std::vector<Completed> drop_worker(const std::string& worker);

    /// Forgets the last decision about a track that ended, as soon as its probes are completed.
    void forget_track(const std::string& track);

    [[nodiscard]] std::size_t queued() const { return queued_; }
    [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
    [[nodiscard]] std::size_t workers() const { return workers_.size(); }

  private:
    struct Entry {
        std::string edge;
        wire::Probe probe;
        Bytes crop;
        int attempts = 0;
    };
    struct InFlight {
        Entry entry;
        std::string worker;
    };
    struct Worker {
        std::uint32_t credit = 0;
        Time last_seen;
    };
    /// The part of an identity whose change is worth a new result.
    struct Decided {
        wire::Decision decision{};
        std::optional<std::string> subject_id;
        bool ignored = false;
        bool operator==(const Decided&) const = default;
    };

    void enqueue(Entry entry, bool front);
    std::optional<Completed> reclaim(InFlight lost);
    void advance_track(const std::string& track);
    [[nodiscard]] bool is_news(const wire::Identity& identity);

    Options options_;
    RecentIds completed_;
    std::unordered_map<std::string, std::deque<Entry>> waiting_;  ///< by track
    std::deque<std::string> ready_;            ///< tracks whose next probe can be sent, in order
    std::unordered_set<std::string> pending_;  ///< probes that wait or are in flight
    std::unordered_set<std::string> busy_;     ///< tracks with a probe in flight
    std::unordered_map<std::string, InFlight> in_flight_;  ///< by probe
    std::unordered_map<std::string, Worker> workers_;
    std::unordered_map<std::string, Decided> decided_;  ///< last decision, by track
    std::unordered_set<std::string> ended_;             ///< ended tracks with pending probes
    std::size_t queued_ = 0;
};

}  // namespace facebus::broker

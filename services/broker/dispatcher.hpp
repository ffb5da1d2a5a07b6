// The bookkeeping of the broker: which probes are waiting, in flight or completed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "broker/fair_queue.hpp"
#include "broker/last_decisions.hpp"
#include "broker/recent_ids.hpp"
#include "wire/messages.hpp"

namespace facebus::broker {

/// Reason why a worker returned no result for a probe.
enum class Failure {
    unresponsive,   ///< no message arrived from the worker for `worker_timeout`
    disconnected,   ///< the connection to the worker is closed
    timeout,        ///< the worker sent messages, but no result within `probe_timeout`
    invalid,        ///< the worker sent an invalid message
    undeliverable,  ///< the probe could not be sent to the worker
};
constexpr auto enum_names(Failure /*type*/) {
    return std::to_array<std::string_view>(
        {"unresponsive", "disconnected", "timeout", "invalid", "undeliverable"});
}

/// Assigns probes to workers that have credit, and completes each admitted probe exactly once. A
/// probe is delivered to a worker at least once: if the worker does not answer, the probe goes to
/// another one. Ids of probes and tracks are scoped by edge: the same id from two edges denotes two
/// probes.
///
/// After `max_attempts` failed attempts a probe is dead-lettered: completed with the decision
/// `error`. A delivery without a result is a failed attempt only if the probe may have crashed or
/// blocked the worker; see dispatcher.cpp.
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
        /// Time that a worker has for a probe. After that, the probe goes to another worker, and
        /// this worker gets no further probes until it answers.
        Monotonic::duration probe_timeout = std::chrono::seconds(30);
        int max_attempts = 3;  ///< maximum number of failed attempts of a probe
        /// Maximum number of completed probes whose ids are remembered, and of tracks whose last
        /// decision is remembered.
        std::size_t remembered = 65536;
        /// Maximum number of completed probes whose results wait to be stored.
        std::size_t unstored = 10000;
    };

    /// Maximum number of probes in flight at one worker, whatever its credit. At 0.4 s per probe, a
    /// worker can process all of them within the default `probe_timeout`.
    static constexpr std::size_t max_held = 64;

    explicit Dispatcher(const Options& options)
        : options_(options),
          completed_(options.remembered),
          overflowed_(options.remembered),
          decisions_(options.remembered) {}

    /// Sender of a probe.
    struct Sender {
        std::string edge;  ///< id of the edge, which scopes the ids in its messages
        std::string peer;  ///< current peer name of the edge; changes when it reconnects
    };
    /// Outcome of admit().
    enum class Admission {
        queued,  ///< the probe is new and now waits for a worker
        /// Like `queued`, but the queue was full. The last waiting probe of the edge with the most
        /// waiting probes was removed; that edge keeps it and sends it again later.
        replaced,
        duplicate,  ///< the probe is already waiting or in flight
        completed,  ///< the probe is already completed; acknowledge it again
        unstored,   ///< the probe is completed, but its result is not stored yet
        full,       ///< the queue is full; the edge keeps the probe and sends it again later
    };
    /// Queues a probe that arrived from an edge, unless it is known already or the queue is full.
    Admission admit(const Sender& sender, wire::Probe probe, Bytes crop, Time now);

    /// Records that the worker is alive and accepts `credit` more probes from now on. The new
    /// credit replaces the old one. `name`: name of the worker in reports. `gallery_stale`: see
    /// gallery_stale().
    void credit(const std::string& worker, std::uint32_t credit, Time now,
                const std::string& name = {}, bool gallery_stale = false);

    /// A probe and the worker that it must be sent to.
    struct Assignment {
        std::string worker;
        wire::Probe probe;  ///< `track` is scoped_id() of the track
        Bytes crop;
    };
    /// Puts the next probe in flight and returns it with its worker. Returns nothing if no worker
    /// accepts probes, if no probe waits, or if each waiting probe belongs to a track that has a
    /// probe in flight.
    std::optional<Assignment> next(Time now);

    /// A completed probe. The edge gets an acknowledgement; subscribers get the identity if the
    /// decision about the track changed. Identities of ignored people are not published, except to
    /// retract an earlier one of the same track.
    struct Completed {
        std::string peer;       ///< peer name of the edge, from its latest copy of the probe
        std::string probe;      ///< id of the probe
        std::string track_key;  ///< scoped_id() of the track
        std::optional<wire::Identity> publish;  ///< empty: nothing to publish
    };
    /// Completes a probe with the result of a worker, which need not be the worker that the probe
    /// was last sent to. Returns nothing if the probe is not pending, for example because another
    /// worker completed it first.
    std::optional<Completed> complete(const std::string& worker, wire::Identity identity, Time now);

    /// Postpones the acknowledgement of a completed probe until its result is stored. Returns false
    /// if `Options::unstored` results wait already. In that case, the probe is processed again if
    /// it arrives when fewer results wait.
    bool await_storage(const Completed& completed);
    /// Records that the result of a probe is stored. Returns the probe, which can be acknowledged
    /// now, or nothing if it does not wait for that.
    std::optional<Completed> stored(const std::string& track_key, const std::string& probe);

    /// A worker that failed.
    struct FailedWorker {
        std::string name;
        Failure reason{};
        std::vector<std::string> probes;  ///< ids of the probes that it did not answer, sorted
    };
    /// Workers that failed, and the probes that are dead-lettered because of that.
    struct Failures {
        std::vector<FailedWorker> workers;
        std::vector<Completed> dead_lettered;
    };
    /// Finds workers that have become unresponsive, and probes that were not answered within
    /// `probe_timeout`. Queues these probes again.
    Failures expire(Time now);
    /// Removes a worker and queues its probes again.
    Failures drop_worker(const std::string& worker, Failure reason);
    /// Queues a probe again that could not be sent to its worker, and removes the worker. Requires:
    /// next() returned `assignment`, and its probe is in flight.
    Failures undelivered(const Assignment& assignment);

    /// Forgets the last decision about a track that ended, as soon as its probes are completed.
    void forget_track(const std::string& edge, const std::string& track);

    [[nodiscard]] std::size_t queued() const { return queue_.size(); }
    [[nodiscard]] std::size_t in_flight() const { return pending_.size() - queue_.size(); }
    /// Returns the number of published results that are not stored yet.
    [[nodiscard]] std::size_t unstored() const { return unstored_.size(); }
    /// Returns the number of workers that are responsive and not stalled().
    [[nodiscard]] std::size_t workers() const;
    /// Returns the number of responsive workers that get no probes until they answer one that they
    /// did not answer within `probe_timeout`.
    [[nodiscard]] std::size_t stalled() const;
    /// Returns whether a responsive worker last reported that its copy of the gallery is stale.
    [[nodiscard]] bool gallery_stale() const;
    /// Returns the age of the oldest probe that is not completed, or 0 if there is none. Takes
    /// linear time.
    [[nodiscard]] Monotonic::duration oldest(Time now) const;
    /// Returns how many times a probe was queued again for this reason.
    [[nodiscard]] std::uint64_t redelivered(Failure reason) const {
        return redelivered_[static_cast<std::size_t>(reason)];
    }

  private:
    enum class Place {
        waiting,    ///< in queue_
        in_flight,  ///< at `holder`
        held_back,  ///< neither waiting nor in flight; see requeue()
    };
    /// A probe that is not completed.
    struct Entry {
        Sender sender;
        wire::Probe probe;
        Bytes crop;
        std::string track_key;
        Time admitted;
        Place place = Place::waiting;
        std::string holder{};             ///< worker that the probe was last sent to
        std::vector<std::string> open{};  ///< workers with an open delivery of this probe
        std::vector<Failure> failed{};    ///< failed attempts, oldest first
    };
    struct Worker {
        std::string name;
        std::size_t credit = 0;  ///< number of further probes that the worker accepts
        Time last_seen{};        ///< when the last message of the worker arrived
        bool lost = false;       ///< unresponsive; gets no probes until a message arrives
        bool gallery_stale = false;
        std::unordered_map<std::string, Time> held{};  ///< deadline of each open delivery, by key
        std::unordered_set<std::string> overdue{};     ///< keys of the probes that stalled it
        [[nodiscard]] bool active() const { return !lost && overdue.empty(); }
    };
    using Workers = std::unordered_map<std::string, Worker>;

    void hear(const std::string& worker, Time now);
    void lose(Workers::value_type& worker, Failures& out);
    void time_out(Workers::value_type& worker, Time now, Failures& out);
    void fail(const std::string& key, const std::string& worker, Failure reason, Failures& out);
    void requeue(const std::string& key, Entry& entry, Failure reason);
    Completed dead_letter(const std::string& key);
    Entry take(const std::string& key);
    void finish_track(const std::string& track_key);

    Options options_;
    FairQueue queue_;
    std::unordered_map<std::string, Entry> pending_;  ///< by key; see probe_key()
    RecentIds completed_;  ///< keys of completed probes, except those in the next two
    std::unordered_map<std::string, Completed> unstored_;  ///< by key; see await_storage()
    RecentIds overflowed_;     ///< keys of probes for which await_storage() returned false
    Workers workers_;          ///< by peer name
    LastDecisions decisions_;  ///< by track key
    std::unordered_set<std::string> ended_;  ///< ended tracks with pending probes
    std::array<std::uint64_t, enum_names(Failure{}).size()> redelivered_{};
};

/// Returns an id for a track or event that is unique over all edges: 32 hex digits. `edge`: see
/// Edges::id(); `id`: unique within the edge.
std::string scoped_id(const std::string& edge, const std::string& id);

}  // namespace facebus::broker

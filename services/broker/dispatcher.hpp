// The broker's book-keeping: which probe waits, who holds it, what is done.
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

/// Ids that were seen lately, oldest forgotten first.
class RecentIds {
  public:
    explicit RecentIds(std::size_t capacity) : capacity_(capacity) {}

    /// Remembers the id; false if it was there already.
    bool add(const std::string& id);
    [[nodiscard]] bool contains(const std::string& id) const { return ids_.contains(id); }

  private:
    std::size_t capacity_;
    std::unordered_set<std::string> ids_;
    std::deque<std::string> order_;
};

/// Hands probes to workers that asked for them and makes sure that each gets exactly one result:
/// at least once to a worker, again when that worker died, set aside after too many tries. Probes
/// of one track are worked on one after the other, in their order, so that a replay decides alike
/// however many workers there are. No socket and no clock inside. Not thread-safe.
class Dispatcher {
  public:
    using Time = Monotonic::time_point;

    struct Options {
        std::size_t queue = 10000;  ///< probes that wait at most
        Monotonic::duration worker_timeout = std::chrono::seconds(5);
        int attempts = 3;
        std::size_t remembered = 65536;  ///< finished probes, and tracks, that are still known
    };

    explicit Dispatcher(const Options& options) : options_(options), done_(options.remembered) {}

    enum class Admission {
        taken,      ///< it waits now
        duplicate,  ///< it waits or is worked on already
        done,       ///< its result is out: acknowledge again
        full,       ///< no room; the edge keeps it and sends it again
    };
    Admission admit(const std::string& edge, wire::Probe probe, Bytes crop);

    /// The worker lives and takes `credit` probes beyond those it holds.
    void credit(const std::string& worker, std::uint32_t credit, Time now);

    /// A probe to be sent to a worker, if there is one that may be.
    struct Assignment {
        std::string worker;
        wire::Probe probe;
        Bytes crop;
    };
    std::optional<Assignment> next();
    /// A probe that is finished: the edge is to be told, and subscribers, if there is news. Of a
    /// person who is not to be reported there is none, but where something was published of the
    /// track before: that is taken back.
    struct Finished {
        std::string edge;
        std::string probe;
        std::optional<wire::Identity> publish;
    };
    /// A worker's result. Nothing if nobody waits for it (any more).
    std::optional<Finished> finish(wire::Identity identity, Time now);

    /// Takes back what silent workers hold. Gives the probes that were set aside for it.
    std::vector<Finished> expire(Time now);
    /// The same for one worker that is known to be gone.
    std::vector<Finished> drop_worker(const std::string& worker);

    /// The track ended: its last decision need not be known any more, once its probes are done.
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
        Time heard;
    };
    /// What was found last of a track.
    struct Decided {
        wire::Decision decision{};
        std::optional<std::string> subject_id;
        bool ignored = false;
        bool operator==(const Decided&) const = default;
    };

    void enqueue(Entry entry, bool front);
    std::optional<Finished> take_back(InFlight held);
    void end_turn(const std::string& track);
    [[nodiscard]] bool news(const wire::Identity& identity);

    Options options_;
    RecentIds done_;
    std::unordered_map<std::string, std::deque<Entry>> waiting_;  ///< by track
    std::deque<std::string> turn_;                         ///< tracks whose next probe may be sent
    std::unordered_set<std::string> known_;                ///< probes that wait or are in flight
    std::unordered_set<std::string> busy_;                 ///< tracks with a probe in flight
    std::unordered_map<std::string, InFlight> in_flight_;  ///< by probe
    std::unordered_map<std::string, Worker> workers_;
    std::unordered_map<std::string, Decided> decided_;  ///< by track
    std::unordered_set<std::string> ended_;             ///< tracks that probes are left of
    std::size_t queued_ = 0;
};

}  // namespace facebus::broker

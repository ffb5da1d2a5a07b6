#include "broker/dispatcher.hpp"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "crypto/digest.hpp"

namespace facebus::broker {
namespace {

/// Time after which a stalled worker that has disconnected is forgotten. Until then, a message from
/// it does not make it available again.
constexpr auto forget_stalled = std::chrono::minutes(10);

/// Returns the id of a probe that is unique over all edges.
std::string probe_key(const std::string& track_key, const std::string& probe) {
    return track_key + "/" + probe;
}

/// Returns the keys of a map, sorted. A hash map has no defined order, but the outcome of a failure
/// must be reproducible.
std::vector<std::string> sorted_keys(const auto& map) {
    std::vector<std::string> keys;
    keys.reserve(map.size());
    for (const auto& [key, value] : map) keys.push_back(key);
    std::ranges::sort(keys);
    return keys;
}

}  // namespace

std::string scoped_id(const std::string& edge, const std::string& id) {
    // The workers store the probes of a track in Redis under this id, so it must stay the same when
    // the broker restarts.
    return crypto::sha256(fmt::format("{}:{}{}", edge.size(), edge, id)).substr(0, 32);
}

// The life of a probe:
//
//     admit() -> waiting -> next() -> in_flight -> complete() ----------------> completed_
//                   ^                     |            |                            ^
//                   +----- requeue() -----+            +-> unstored_ -> stored() ---+
//       (no result; after max_attempts: dead_letter())   (result for the history)
//
// A delivery is open from next() until the probe is completed or the delivery has failed. The
// result of an open or failed delivery is accepted as long as the probe is not completed.
//
// Failed attempts. A probe that crashes or hangs its workers must not reach every worker, but one
// whose worker was only paused must not be dead-lettered. A delivery therefore fails
// - as `disconnected`, if the next probe cannot be sent to the worker, because its connection is
//   closed: it may have crashed;
// - as `timeout`, if the worker sends messages, but no result within `probe_timeout`;
// - as `unresponsive`, if the worker has sent nothing for `worker_timeout` and still sends nothing
//   until `probe_timeout` has passed: it may hang or have crashed. The probe goes to another worker
//   after `worker_timeout`, but this delivery stays open until `probe_timeout`. If the worker sends
//   a message before then, it was only paused, and the delivery is not a failed attempt;
// - as `invalid`, if the worker sends an invalid message: the probe may be the reason.
// A probe that cannot be sent was not delivered, so `undeliverable` is not a failed attempt. The
// number of open deliveries plus failed attempts never exceeds `max_attempts`; see requeue().

Dispatcher::Admission Dispatcher::admit(const Sender& sender, wire::Probe probe, Bytes crop,
                                        Time now) {
    auto track = scoped_id(sender.edge, probe.track);
    auto key = probe_key(track, probe.probe);
    // The edge repeats a probe until it is acknowledged, so repetitions are normal.
    if (completed_.contains(key)) return Admission::completed;
    if (const auto known = unstored_.find(key); known != unstored_.end()) {
        known->second.peer = sender.peer;
        return Admission::unstored;
    }
    if (overflowed_.contains(key) && unstored_.size() >= options_.unstored) {
        return Admission::unstored;
    }
    if (const auto known = pending_.find(key); known != pending_.end()) {
        known->second.sender.peer = sender.peer;
        return Admission::duplicate;
    }
    auto admission = Admission::queued;
    if (queue_.size() >= options_.queue) {
        // Each edge is entitled to an equal share of the queue, but may use more of it while the
        // others do not need theirs.
        const auto largest = queue_.largest_edge();
        if (queue_.size(sender.edge) + 1 >= queue_.size(largest)) return Admission::full;
        const auto removed = pending_.extract(queue_.remove_last(largest));
        // Lost workers may still return a result for a probe that was queued again.
        for (const auto& worker : removed.mapped().open) {
            workers_.at(worker).held.erase(removed.key());
        }
        finish_track(removed.mapped().track_key);
        admission = Admission::replaced;
    }
    // Publish the decision about the track again, so that it is stored.
    if (overflowed_.remove(key)) decisions_.forget(track);
    queue_.push(sender.edge, track, key);
    pending_.emplace(std::move(key), Entry{.sender = sender,
                                           .probe = std::move(probe),
                                           .crop = std::move(crop),
                                           .track_key = std::move(track),
                                           .admitted = now});
    return admission;
}

void Dispatcher::credit(const std::string& worker, std::uint32_t credit, Time now,
                        const std::string& name, bool gallery_stale) {
    hear(worker, now);
    auto& entry = workers_[worker];
    entry.name = name.empty() ? worker : name;
    entry.last_seen = now;
    entry.gallery_stale = gallery_stale;
    entry.credit = std::min<std::size_t>(credit, max_held - std::min(max_held, entry.held.size()));
}

/// Records that a message arrived from the worker.
void Dispatcher::hear(const std::string& worker, Time now) {
    const auto found = workers_.find(worker);
    if (found == workers_.end()) return;
    auto& entry = found->second;
    entry.last_seen = now;
    if (!std::exchange(entry.lost, false)) return;
    // The worker was only paused, so its open deliveries are not failed attempts.
    for (const auto& key : sorted_keys(std::exchange(entry.held, {}))) {
        auto& pending = pending_.at(key);
        std::erase(pending.open, worker);
        if (pending.place == Place::held_back) requeue(key, pending, Failure::unresponsive);
    }
}

std::optional<Dispatcher::Assignment> Dispatcher::next(Time now) {
    // The worker with the most credit is the least busy. Choosing it spreads the probes over all
    // workers instead of filling the batch of one worker after the other.
    auto free = workers_.end();
    for (auto worker = workers_.begin(); worker != workers_.end(); ++worker) {
        if (!worker->second.active() || worker->second.credit == 0) continue;
        if (free == workers_.end() || worker->second.credit > free->second.credit) free = worker;
    }
    if (free == workers_.end()) return std::nullopt;
    const auto key = queue_.pop();
    if (!key) return std::nullopt;

    --free->second.credit;
    free->second.held[*key] = now + options_.probe_timeout;
    auto& entry = pending_.at(*key);
    entry.place = Place::in_flight;
    entry.holder = free->first;
    entry.open.push_back(free->first);
    // Keep the probe: if the worker does not answer, it is sent again.
    Assignment assignment{free->first, entry.probe, entry.crop};
    assignment.probe.track = entry.track_key;
    return assignment;
}

std::optional<Dispatcher::Completed> Dispatcher::complete(const std::string& worker,
                                                          wire::Identity identity, Time now) {
    const auto key = probe_key(identity.track, identity.probe);
    if (const auto sender = workers_.find(worker); sender != workers_.end()) {
        auto& entry = sender->second;
        // An answer, even a late one to a completed probe, shows that a stalled worker works again.
        if (entry.held.contains(key) || entry.overdue.contains(key)) entry.overdue.clear();
    }
    hear(worker, now);
    if (!pending_.contains(key)) return std::nullopt;
    const auto entry = take(key);
    // Subscribers get the ids of the edge. A worker cannot assign a result to another camera.
    identity.track = entry.probe.track;
    identity.head.src = entry.probe.head.src;
    Completed completed{entry.sender.peer, identity.probe, entry.track_key, std::nullopt};
    if (decisions_.update(entry.track_key, identity)) completed.publish = std::move(identity);
    finish_track(entry.track_key);
    return completed;
}

bool Dispatcher::await_storage(const Completed& completed) {
    const auto key = probe_key(completed.track_key, completed.probe);
    completed_.remove(key);
    if (unstored_.size() >= options_.unstored) {
        overflowed_.add(key);
        return false;
    }
    unstored_.emplace(key, Completed{.peer = completed.peer,
                                     .probe = completed.probe,
                                     .track_key = completed.track_key,
                                     .publish = {}});
    return true;
}

std::optional<Dispatcher::Completed> Dispatcher::stored(const std::string& track_key,
                                                        const std::string& probe) {
    auto found = unstored_.extract(probe_key(track_key, probe));
    if (found.empty()) return std::nullopt;
    completed_.add(found.key());
    return std::move(found.mapped());
}

Dispatcher::Failures Dispatcher::expire(Time now) {
    Failures out;
    for (auto& worker : workers_) {
        const bool responsive = now - worker.second.last_seen <= options_.worker_timeout;
        if (!responsive && !worker.second.lost) lose(worker, out);
        time_out(worker, now, out);
    }
    std::erase_if(workers_, [&](const auto& entry) {
        const auto& worker = entry.second;
        const bool stalled = !worker.overdue.empty() && now - worker.last_seen < forget_stalled;
        return worker.lost && worker.held.empty() && !stalled;
    });
    return out;
}

/// Marks a worker as unresponsive and queues its probes again. Its deliveries stay open.
void Dispatcher::lose(Workers::value_type& worker, Failures& out) {
    auto& [peer, entry] = worker;
    entry.lost = true;
    entry.credit = 0;
    FailedWorker failed{entry.name, Failure::unresponsive, {}};
    for (const auto& key : sorted_keys(entry.held)) {
        auto& pending = pending_.at(key);
        failed.probes.push_back(pending.probe.probe);
        requeue(key, pending, Failure::unresponsive);
    }
    out.workers.push_back(std::move(failed));
}

/// Fails the open deliveries of a worker that are past their deadlines. A responsive worker gets no
/// further probes until it answers one of these.
void Dispatcher::time_out(Workers::value_type& worker, Time now, Failures& out) {
    auto& [peer, entry] = worker;
    std::vector<std::string> due;
    for (const auto& [key, deadline] : entry.held) {
        if (now >= deadline) due.push_back(key);
    }
    std::ranges::sort(due);
    FailedWorker failed{entry.name, Failure::timeout, {}};
    for (const auto& key : due) {
        entry.held.erase(key);
        if (!entry.lost) {
            entry.overdue.insert(key);
            failed.probes.push_back(pending_.at(key).probe.probe);
        }
        fail(key, peer, entry.lost ? Failure::unresponsive : Failure::timeout, out);
    }
    if (!failed.probes.empty()) out.workers.push_back(std::move(failed));
}

Dispatcher::Failures Dispatcher::drop_worker(const std::string& worker, Failure reason) {
    Failures out;
    const auto removed = workers_.extract(worker);
    if (removed.empty()) return out;
    FailedWorker failed{removed.mapped().name, reason, {}};
    for (const auto& key : sorted_keys(removed.mapped().held)) {
        failed.probes.push_back(pending_.at(key).probe.probe);
        fail(key, worker, reason, out);
    }
    out.workers.push_back(std::move(failed));
    return out;
}

Dispatcher::Failures Dispatcher::undelivered(const Assignment& assignment) {
    const auto key = probe_key(assignment.probe.track, assignment.probe.probe);
    auto& entry = pending_.at(key);
    std::erase(entry.open, assignment.worker);
    workers_.at(assignment.worker).held.erase(key);
    requeue(key, entry, Failure::undeliverable);
    return drop_worker(assignment.worker, Failure::disconnected);
}

/// Counts an open delivery as a failed attempt. Dead-letters the probe if it now has `max_attempts`
/// failed attempts. Otherwise, if the probe is in flight at this worker, queues it again.
void Dispatcher::fail(const std::string& key, const std::string& worker, Failure reason,
                      Failures& out) {
    auto& entry = pending_.at(key);
    std::erase(entry.open, worker);
    entry.failed.push_back(reason);
    if (entry.failed.size() >= static_cast<std::size_t>(options_.max_attempts)) {
        out.dead_lettered.push_back(dead_letter(key));
    } else if (entry.place == Place::in_flight && entry.holder == worker) {
        requeue(key, entry, reason);
    }
}

/// Queues a probe again, unless `max_attempts` deliveries of it have failed or are open. Such a
/// probe may have crashed `max_attempts` workers, so it is held back until one of these workers
/// sends a message or all deliveries have failed. Requires: the probe is not in the queue.
void Dispatcher::requeue(const std::string& key, Entry& entry, Failure reason) {
    entry.holder.clear();
    entry.place = Place::held_back;
    const auto attempts = entry.failed.size() + entry.open.size();
    if (attempts >= static_cast<std::size_t>(options_.max_attempts)) return;
    entry.place = Place::waiting;
    queue_.give_back(entry.track_key, key);
    ++redelivered_[static_cast<std::size_t>(reason)];
}

/// Completes a probe with the decision `error`.
Dispatcher::Completed Dispatcher::dead_letter(const std::string& key) {
    // Blame the probe, not the workers that it stalled: they may get other probes.
    for (auto& [peer, worker] : workers_) worker.overdue.erase(key);
    const auto entry = take(key);
    finish_track(entry.track_key);
    std::vector<std::string> attempts;
    attempts.reserve(entry.failed.size());
    for (const auto failure : entry.failed) attempts.emplace_back(wire::to_string(failure));
    wire::Identity error{
        .head = entry.probe.head,
        .probe = entry.probe.probe,
        .track = entry.probe.track,
        .pts = entry.probe.pts,
        .box = entry.probe.box,
        .decision = wire::Decision::error,
        .samples = {},
        .reason = fmt::format("dead-lettered: no worker returned a result in {} attempts ({})",
                              attempts.size(), fmt::join(attempts, ", "))};
    error.attempts = std::move(attempts);
    return {entry.sender.peer, entry.probe.probe, entry.track_key, std::move(error)};
}

/// Removes a probe from the pending ones and marks it as completed.
Dispatcher::Entry Dispatcher::take(const std::string& key) {
    auto entry = std::move(pending_.extract(key).mapped());
    for (const auto& worker : entry.open) workers_.at(worker).held.erase(key);
    if (entry.place == Place::waiting) {
        queue_.remove(entry.track_key, key);
    } else {
        queue_.release(entry.track_key);
    }
    completed_.add(key);
    return entry;
}

void Dispatcher::forget_track(const std::string& edge, const std::string& track) {
    const auto key = scoped_id(edge, track);
    ended_.insert(key);
    finish_track(key);
}

/// Forgets the decision about a track that ended. While probes of it are pending, keeps the
/// decision: otherwise their results would publish it again.
void Dispatcher::finish_track(const std::string& track_key) {
    if (queue_.contains(track_key)) return;
    if (ended_.erase(track_key) > 0) decisions_.forget(track_key);
}

std::size_t Dispatcher::workers() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(workers_, [](const auto& entry) { return entry.second.active(); }));
}

std::size_t Dispatcher::stalled() const {
    return static_cast<std::size_t>(std::ranges::count_if(workers_, [](const auto& entry) {
        return !entry.second.lost && !entry.second.overdue.empty();
    }));
}

bool Dispatcher::gallery_stale() const {
    return std::ranges::any_of(workers_, [](const auto& entry) {
        return !entry.second.lost && entry.second.gallery_stale;
    });
}

Monotonic::duration Dispatcher::oldest(Time now) const {
    auto oldest = now;
    for (const auto& [key, entry] : pending_) oldest = std::min(oldest, entry.admitted);
    return now - oldest;
}

}  // namespace facebus::broker

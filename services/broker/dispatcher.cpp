#include "broker/dispatcher.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace facebus::broker {

bool RecentIds::add(const std::string& id) {
    if (!ids_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > capacity_) {
        ids_.erase(order_.front());
        order_.pop_front();
    }
    return true;
}

// The life of a probe:
//
//     admit() -> waiting_ -> next() -> in_flight_ -> complete() -> completed_
//                   ^                      |
//                   +----- reclaim() ------+ (worker lost; after max_attempts: completed_)
//
// Order within a track. Each track has its own queue in waiting_, and at most one probe in flight
// (then the track is in busy_). A worker fuses a probe with the earlier probes of its track, so two
// workers on one track would make the result depend on which of them is faster.
//
// Fairness between tracks. ready_ holds each track that has a waiting probe and none in flight,
// exactly once. next() takes the track at the front, and advance_track() appends it again after its
// probe is completed, so tracks take turns and one busy camera cannot starve the others.

Dispatcher::Admission Dispatcher::admit(const std::string& edge, wire::Probe probe, Bytes crop) {
    // The edge repeats a probe until it is acknowledged, so repetitions are normal.
    if (completed_.contains(probe.probe)) return Admission::completed;
    if (pending_.contains(probe.probe)) return Admission::duplicate;
    if (queued_ >= options_.queue) return Admission::full;
    pending_.insert(probe.probe);
    enqueue({edge, std::move(probe), std::move(crop)}, false);
    return Admission::queued;
}

/// Adds a probe to the queue of its track: at the back if it is new, at the front if it was in
/// flight before.
void Dispatcher::enqueue(Entry entry, bool front) {
    const auto track = entry.probe.track;
    auto& queue = waiting_[track];
    const bool first = queue.empty();
    if (front) {
        queue.push_front(std::move(entry));
    } else {
        queue.push_back(std::move(entry));
    }
    ++queued_;
    // If the track has a probe in flight, advance_track() adds the track to ready_ later.
    // Otherwise, if the queue was not empty, the track is in ready_ already.
    if (first && !busy_.contains(track)) ready_.push_back(track);
}

void Dispatcher::credit(const std::string& worker, std::uint32_t credit, Time now) {
    workers_[worker] = {credit, now};
}

std::optional<Dispatcher::Assignment> Dispatcher::next() {
    if (ready_.empty() || workers_.empty()) return std::nullopt;
    // The worker with the most credit is the least busy. Choosing it spreads the probes over all
    // workers instead of filling the batch of one worker after the other.
    const auto free = std::ranges::max_element(
        workers_, {}, [](const auto& entry) { return entry.second.credit; });
    if (free->second.credit == 0) return std::nullopt;
    --free->second.credit;

    const auto track = std::move(ready_.front());
    ready_.pop_front();
    const auto queue = waiting_.find(track);
    auto entry = std::move(queue->second.front());
    queue->second.pop_front();
    if (queue->second.empty()) waiting_.erase(queue);
    --queued_;
    ++entry.attempts;
    busy_.insert(track);

    // Keep a copy: if the worker is lost, the probe is sent again.
    Assignment assignment{free->first, entry.probe, entry.crop};
    in_flight_[assignment.probe.probe] = {std::move(entry), free->first};
    return assignment;
}

/// Returns a probe of a lost worker to the queue. Exception: a probe that was delivered
/// `max_attempts` times has probably crashed its workers. Completes such a probe with the decision
/// `error`, so that it cannot crash every worker in turn, and returns it.
std::optional<Dispatcher::Completed> Dispatcher::reclaim(InFlight lost) {
    auto& entry = lost.entry;
    const auto track = entry.probe.track;
    busy_.erase(track);
    if (entry.attempts < options_.max_attempts) {
        // If other probes of the track wait, enqueue() assumes that the track is in ready_. It is
        // not, because this probe was in flight until now.
        const bool others_wait = waiting_.contains(track);
        enqueue(std::move(entry), true);
        if (others_wait) ready_.push_back(track);
        return std::nullopt;
    }
    pending_.erase(entry.probe.probe);
    completed_.add(entry.probe.probe);
    advance_track(track);
    wire::Identity dead_lettered{
        .head = entry.probe.head,
        .probe = entry.probe.probe,
        .track = track,
        .pts = entry.probe.pts,
        .box = entry.probe.box,
        .decision = wire::Decision::error,
        .samples = {},
        .reason = fmt::format("dead-lettered: {} workers were lost with this probe in flight",
                              entry.attempts)};
    return Completed{entry.edge, entry.probe.probe, std::move(dead_lettered)};
}

std::vector<Dispatcher::Completed> Dispatcher::drop_worker(const std::string& worker) {
    std::vector<std::string> lost;
    for (const auto& [probe, in_flight] : in_flight_) {
        if (in_flight.worker == worker) lost.push_back(probe);
    }
    // A hash map has no defined order. Sort by id, so that the outcome is reproducible.
    std::ranges::sort(lost);
    std::vector<Completed> dead_lettered;
    for (const auto& probe : lost) {
        auto node = in_flight_.extract(probe);
        if (auto completed = reclaim(std::move(node.mapped()))) {
            dead_lettered.push_back(std::move(*completed));
        }
    }
    workers_.erase(worker);
    return dead_lettered;
}

std::vector<Dispatcher::Completed> Dispatcher::undelivered(const Assignment& assignment) {
    --in_flight_.at(assignment.probe.probe).entry.attempts;
    return drop_worker(assignment.worker);
}

std::optional<Dispatcher::Completed> Dispatcher::complete(wire::Identity identity, Time now) {
    // The first result that arrives while the probe is in flight counts. It may come from a worker
    // that was considered lost, although the probe has been sent to another worker since.
    auto node = in_flight_.extract(identity.probe);
    if (node.empty()) return std::nullopt;
    auto& in_flight = node.mapped();
    if (const auto worker = workers_.find(in_flight.worker); worker != workers_.end()) {
        worker->second.last_seen = now;
    }
    const auto& track = in_flight.entry.probe.track;
    busy_.erase(track);
    pending_.erase(identity.probe);
    completed_.add(identity.probe);
    Completed completed{in_flight.entry.edge, identity.probe, std::nullopt};
    if (update_decision(identity)) completed.publish = std::move(identity);
    advance_track(track);
    return completed;
}

/// Continues a track after one of its probes is completed: makes it ready if more probes wait, or
/// forgets it if it has ended.
void Dispatcher::advance_track(const std::string& track) {
    if (waiting_.contains(track)) {
        ready_.push_back(track);
    } else if (ended_.erase(track) > 0) {
        decided_.erase(track);
    }
}

void Dispatcher::forget_track(const std::string& track) {
    // While probes are pending, keep the decision: otherwise their results would publish it again.
    if (waiting_.contains(track) || busy_.contains(track)) {
        ended_.insert(track);
    } else {
        decided_.erase(track);
    }
}

/// Records the decision about a track and returns whether to publish it. A later decision is
/// published if it differs from the one before. The first decision is published unless the person
/// is ignored: then there is no earlier result to retract.
bool Dispatcher::update_decision(const wire::Identity& identity) {
    // Limit the memory, because an edge may never report the end of a track. At worst, a forgotten
    // decision causes a result to be repeated or a retraction to be omitted.
    if (decided_.size() >= options_.remembered) decided_.erase(decided_.begin());
    const bool ignored = identity.ignored.value_or(false);
    Decided now{identity.decision, identity.subject_id, ignored};
    const auto [last, first] = decided_.try_emplace(identity.track, now);
    if (first) return !ignored;
    return std::exchange(last->second, now) != now;
}

std::vector<Dispatcher::Completed> Dispatcher::expire(Time now) {
    // Collect first: drop_worker() changes workers_.
    std::vector<std::string> lost;
    for (const auto& [name, worker] : workers_) {
        if (now - worker.last_seen > options_.worker_timeout) lost.push_back(name);
    }
    std::vector<Completed> all;
    for (const auto& worker : lost) {
        auto dead_lettered = drop_worker(worker);
        all.insert(all.end(), std::make_move_iterator(dead_lettered.begin()),
                   std::make_move_iterator(dead_lettered.end()));
    }
    return all;
}

}  // namespace facebus::broker

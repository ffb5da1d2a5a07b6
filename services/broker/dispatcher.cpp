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

Dispatcher::Admission Dispatcher::admit(const std::string& edge, wire::Probe probe, Bytes crop) {
    if (done_.contains(probe.probe)) return Admission::done;
    if (known_.contains(probe.probe)) return Admission::duplicate;
    if (queued_ >= options_.queue) return Admission::full;
    known_.insert(probe.probe);
    enqueue({edge, std::move(probe), std::move(crop)}, false);
    return Admission::taken;
}

void Dispatcher::enqueue(Entry entry, bool front) {
    const auto track = entry.probe.track;
    auto& line = waiting_[track];
    const bool first = line.empty();
    if (front) {
        line.push_front(std::move(entry));
    } else {
        line.push_back(std::move(entry));
    }
    ++queued_;
    if (first && !busy_.contains(track)) turn_.push_back(track);
}

void Dispatcher::credit(const std::string& worker, std::uint32_t credit, Time now) {
    workers_[worker] = {credit, now};
}

std::optional<Dispatcher::Assignment> Dispatcher::next() {
    if (turn_.empty() || workers_.empty()) return std::nullopt;
    const auto free = std::ranges::max_element(
        workers_, {}, [](const auto& entry) { return entry.second.credit; });
    if (free->second.credit == 0) return std::nullopt;
    --free->second.credit;

    const auto track = std::move(turn_.front());
    turn_.pop_front();
    const auto line = waiting_.find(track);
    auto entry = std::move(line->second.front());
    line->second.pop_front();
    if (line->second.empty()) waiting_.erase(line);
    --queued_;
    ++entry.attempts;
    busy_.insert(track);

    Assignment assignment{free->first, entry.probe, entry.crop};
    in_flight_[assignment.probe.probe] = {std::move(entry), free->first};
    return assignment;
}

std::optional<Dispatcher::Finished> Dispatcher::take_back(InFlight held) {
    auto& entry = held.entry;
    const auto track = entry.probe.track;
    busy_.erase(track);
    if (entry.attempts < options_.max_attempts) {
        const bool line_behind = waiting_.contains(track);
        enqueue(std::move(entry), true);
        if (line_behind) turn_.push_back(track);
        return std::nullopt;
    }
    known_.erase(entry.probe.probe);
    done_.add(entry.probe.probe);
    end_turn(track);
    wire::Identity aside{
        .head = entry.probe.head,
        .probe = entry.probe.probe,
        .track = track,
        .pts = entry.probe.pts,
        .box = entry.probe.box,
        .decision = wire::Decision::error,
        .samples = {},
        .reason = fmt::format("set aside: {} workers were lost with this probe", entry.attempts)};
    return Finished{entry.edge, entry.probe.probe, std::move(aside)};
}

std::vector<Dispatcher::Finished> Dispatcher::drop_worker(const std::string& worker) {
    std::vector<std::string> held;
    for (const auto& [probe, in_flight] : in_flight_) {
        if (in_flight.worker == worker) held.push_back(probe);
    }
    // The order of a hash map is nobody's order; that of the ids is the order of the track.
    std::ranges::sort(held);
    std::vector<Finished> finished;
    for (const auto& probe : held) {
        auto node = in_flight_.extract(probe);
        if (auto aside = take_back(std::move(node.mapped()))) finished.push_back(std::move(*aside));
    }
    workers_.erase(worker);
    return finished;
}

std::optional<Dispatcher::Finished> Dispatcher::finish(wire::Identity identity, Time now) {
    auto node = in_flight_.extract(identity.probe);
    if (node.empty()) return std::nullopt;
    auto& held = node.mapped();
    if (const auto worker = workers_.find(held.worker); worker != workers_.end()) {
        worker->second.heard = now;
    }
    const auto& track = held.entry.probe.track;
    busy_.erase(track);
    known_.erase(identity.probe);
    done_.add(identity.probe);
    Finished finished{held.entry.edge, identity.probe, std::nullopt};
    if (news(identity)) finished.publish = std::move(identity);
    end_turn(track);
    return finished;
}

/// A probe of the track is done: on with the next, or that was all.
void Dispatcher::end_turn(const std::string& track) {
    if (waiting_.contains(track)) {
        turn_.push_back(track);
    } else if (ended_.erase(track) > 0) {
        decided_.erase(track);
    }
}

void Dispatcher::forget_track(const std::string& track) {
    if (waiting_.contains(track) || busy_.contains(track)) {
        ended_.insert(track);
    } else {
        decided_.erase(track);
    }
}

bool Dispatcher::news(const wire::Identity& identity) {
    if (decided_.size() >= options_.remembered) decided_.erase(decided_.begin());
    const bool ignored = identity.ignored.value_or(false);
    Decided now{identity.decision, identity.subject_id, ignored};
    const auto [last, first] = decided_.try_emplace(identity.track, now);
    if (first) return !ignored;
    return std::exchange(last->second, now) != now;
}

std::vector<Dispatcher::Finished> Dispatcher::expire(Time now) {
    std::vector<std::string> silent;
    for (const auto& [name, worker] : workers_) {
        if (now - worker.heard > options_.worker_timeout) silent.push_back(name);
    }
    std::vector<Finished> finished;
    for (const auto& worker : silent) {
        auto aside = drop_worker(worker);
        finished.insert(finished.end(), std::make_move_iterator(aside.begin()),
                        std::make_move_iterator(aside.end()));
    }
    return finished;
}

}  // namespace facebus::broker

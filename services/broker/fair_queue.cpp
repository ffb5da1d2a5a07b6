#include "broker/fair_queue.hpp"

#include <algorithm>
#include <utility>

namespace facebus::broker {

void FairQueue::push(const std::string& edge, const std::string& track, std::string probe) {
    auto& entry = tracks_.try_emplace(track, Track{.edge = edge}).first->second;
    entry.probes.push_back(std::move(probe));
    ++edges_[edge].waiting;
    ++size_;
    if (entry.probes.size() == 1 && !entry.busy) add_turn(track);
}

std::optional<std::string> FairQueue::pop() {
    if (turns_.empty()) return std::nullopt;
    const auto edge = std::move(turns_.front());
    turns_.pop_front();
    auto& ready = edges_.at(edge).ready;
    const auto name = std::move(ready.front());
    ready.pop_front();
    if (!ready.empty()) turns_.push_back(edge);

    auto& track = tracks_.at(name);
    track.busy = true;
    auto probe = std::move(track.probes.front());
    track.probes.pop_front();
    forget_probe(name);
    return probe;
}

void FairQueue::release(const std::string& track) {
    auto& entry = tracks_.at(track);
    entry.busy = false;
    if (entry.probes.empty()) {
        tracks_.erase(track);
    } else {
        add_turn(track);
    }
}

void FairQueue::give_back(const std::string& track, std::string probe) {
    auto& entry = tracks_.at(track);
    entry.busy = false;
    entry.probes.push_front(std::move(probe));
    ++edges_[entry.edge].waiting;
    ++size_;
    add_turn(track);
}

void FairQueue::remove(const std::string& track, const std::string& probe) {
    auto& entry = tracks_.at(track);
    entry.probes.erase(std::ranges::find(entry.probes, probe));
    const bool last = entry.probes.empty() && !entry.busy;
    if (last) remove_turn(track);
    forget_probe(track);
    if (last) tracks_.erase(track);
}

std::string FairQueue::remove_last(const std::string& edge) {
    const auto& ready = edges_.at(edge).ready;
    // If no track is ready, the waiting probes belong to busy tracks.
    const auto track = !ready.empty()
                           ? ready.back()
                           : std::ranges::find_if(tracks_, [&](const auto& entry) {
                                 return entry.second.edge == edge && !entry.second.probes.empty();
                             })->first;
    auto probe = tracks_.at(track).probes.back();
    remove(track, probe);
    return probe;
}

std::size_t FairQueue::size(const std::string& edge) const {
    const auto found = edges_.find(edge);
    return found == edges_.end() ? 0 : found->second.waiting;
}

const std::string& FairQueue::largest_edge() const {
    return std::ranges::max_element(edges_, {},
                                    [](const auto& entry) { return entry.second.waiting; })
        ->first;
}

/// Makes a track ready. Requires: it is not busy, and a probe of it waits.
void FairQueue::add_turn(const std::string& track) {
    const auto& edge = tracks_.at(track).edge;
    auto& ready = edges_.at(edge).ready;
    ready.push_back(track);
    if (ready.size() == 1) turns_.push_back(edge);
}

/// Removes a track from the ready tracks. Takes linear time.
void FairQueue::remove_turn(const std::string& track) {
    const auto& edge = tracks_.at(track).edge;
    auto& ready = edges_.at(edge).ready;
    std::erase(ready, track);
    if (ready.empty()) std::erase(turns_, edge);
}

/// Counts a probe of the track as no longer waiting.
void FairQueue::forget_probe(const std::string& track) {
    const auto edge = edges_.find(tracks_.at(track).edge);
    --size_;
    if (--edge->second.waiting == 0) edges_.erase(edge);
}

}  // namespace facebus::broker

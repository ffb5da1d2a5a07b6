#include "gateway/mqtt/presence.hpp"

#include <algorithm>
#include <utility>

namespace facebus::gateway {
namespace {

constexpr std::size_t most_cameras = 1'000;
constexpr std::size_t most_tracks = 10'000;
constexpr std::size_t most_facts = 50'000;

}  // namespace

void Presence::add_camera(const std::string& camera) {
    if (cameras_.size() < most_cameras) cameras_.insert(camera);
}

void Presence::add_last_seen(const std::string& camera, LastSeen last) {
    add_camera(camera);
    if (!cameras_.contains(camera)) return;
    auto& newest = last_seen_[camera];
    if (last.time >= newest.time) newest = std::move(last);
}

Presence::Fact& Presence::fact(const std::string& track) {
    const auto [place, fresh] = facts_.try_emplace(track);
    if (fresh) {
        facts_order_.push_back(track);
        if (facts_order_.size() > most_facts) {
            facts_.erase(facts_order_.front());
            facts_order_.pop_front();
        }
    }
    return place->second;
}

std::string Presence::subject_of(const std::string& track) const {
    const auto found = facts_.find(track);
    return found == facts_.end() ? std::string() : found->second.subject_id;
}

void Presence::hear(const std::string& id, const std::string& camera, Time now) {
    // Its end may overtake what was sent before it.
    if (fact(id).ended) return;
    const bool room = tracks_.size() < most_tracks || tracks_.contains(id);
    if (!room || !cameras_.contains(camera)) {
        ++passed_over_;
        return;
    }
    tracks_.insert_or_assign(id, Track{.camera = camera, .heard = now});
}

void Presence::end(Track& track, Time now) const {
    if (!track.ended) track.ended = now;
}

void Presence::take(const wire::Track& event, Time now) {
    expire(now);
    const auto& camera = event.head.src;
    add_camera(camera);
    if (event.event == wire::TrackEvent::end) {
        for (auto& [id, track] : tracks_) {
            if (track.camera != camera) continue;
            end(track, now);
            fact(id).ended = true;
        }
        return;
    }
    if (event.event != wire::TrackEvent::ended) return hear(event.track, camera, now);
    fact(event.track).ended = true;
    if (const auto found = tracks_.find(event.track); found != tracks_.end()) {
        end(found->second, now);
    }
}

void Presence::take(const wire::Identity& identity, std::chrono::nanoseconds age, Time now) {
    expire(now);
    const auto& camera = identity.head.src;
    add_camera(camera);
    if (!cameras_.contains(camera)) {
        ++passed_over_;
        return;
    }
    fact(identity.track).subject_id = identity.subject_id.value_or("");
    if (identity.subject_id) {
        add_last_seen(camera, {*identity.subject_id, iso8601(identity.head.ts)});
    }
    if (age < options_.absent_after) hear(identity.track, camera, now);
}

void Presence::expire(Time now) {
    for (auto& [id, track] : tracks_) {
        // No end that counts for ever: if it was only the way to it that was gone, it is back with
        // its next word.
        if (now - track.heard >= options_.absent_after)
            end(track, track.heard + options_.absent_after);
    }
    std::erase_if(tracks_, [&](const auto& entry) {
        const auto& ended = entry.second.ended;
        return ended && now - *ended >= options_.linger;
    });
}

std::map<std::string, Presence::Camera> Presence::cameras(Time now) {
    expire(now);
    struct Tally {
        std::set<std::string> in_view{};
        std::set<std::string> lingering{};
        std::size_t others_in_view = 0;
        std::size_t others_lingering = 0;
    };
    std::map<std::string, Tally> tallies;
    for (const auto& camera : cameras_) tallies[camera];
    for (const auto& [id, track] : tracks_) {
        auto& tally = tallies[track.camera];
        const auto subject = subject_of(id);
        if (subject.empty()) {
            ++(track.ended ? tally.others_lingering : tally.others_in_view);
        } else {
            (track.ended ? tally.lingering : tally.in_view).insert(subject);
        }
    }
    std::map<std::string, Camera> all;
    for (auto& [name, tally] : tallies) {
        std::erase_if(tally.lingering, [&](const auto& id) { return tally.in_view.contains(id); });
        const auto left = tally.lingering.size() + tally.others_lingering;
        Camera camera{.count = tally.in_view.size() + std::max(tally.others_in_view, left),
                      .people = std::move(tally.in_view)};
        camera.people.merge(tally.lingering);
        all.emplace(name, std::move(camera));
    }
    return all;
}

}  // namespace facebus::gateway

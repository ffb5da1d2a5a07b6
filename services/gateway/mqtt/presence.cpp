#include "gateway/mqtt/presence.hpp"

#include <algorithm>
#include <utility>

namespace facebus::gateway {
namespace {

constexpr std::size_t max_cameras = 1'000;
constexpr std::size_t max_tracks = 10'000;
constexpr std::size_t max_track_infos = 50'000;

}  // namespace

void Presence::add_camera(const std::string& camera) {
    if (cameras_.size() < max_cameras) cameras_.insert(camera);
}

void Presence::add_last_seen(const std::string& camera, LastSeen last) {
    add_camera(camera);
    if (!cameras_.contains(camera)) return;
    auto& newest = last_seen_[camera];
    if (last.time >= newest.time) newest = std::move(last);
}

Presence::TrackInfo& Presence::info(const std::string& track) {
    const auto [entry, inserted] = infos_.try_emplace(track);
    if (inserted) {
        infos_order_.push_back(track);
        if (infos_order_.size() > max_track_infos) {
            infos_.erase(infos_order_.front());
            infos_order_.pop_front();
        }
    }
    return entry->second;
}

std::string Presence::subject_of(const std::string& track) const {
    const auto found = infos_.find(track);
    return found == infos_.end() ? std::string() : found->second.subject_id;
}

void Presence::touch(const std::string& id, const std::string& camera, Time now) {
    // Messages can arrive out of order, so a message that arrives after the track's end does not
    // bring the track back into view.
    if (info(id).ended) return;
    const bool room = tracks_.size() < max_tracks || tracks_.contains(id);
    if (!room || !cameras_.contains(camera)) {
        ++skipped_;
        return;
    }
    tracks_.insert_or_assign(id, Track{.camera = camera, .last_message = now});
}

void Presence::end(Track& track, Time now) const {
    if (!track.ended) track.ended = now;
}

void Presence::update(const wire::Track& event, Time now) {
    expire(now);
    const auto& camera = event.head.src;
    add_camera(camera);
    if (event.event == wire::TrackEvent::end) {
        for (auto& [id, track] : tracks_) {
            if (track.camera != camera) continue;
            end(track, now);
            info(id).ended = true;
        }
        return;
    }
    if (event.event != wire::TrackEvent::ended) return touch(event.track, camera, now);
    info(event.track).ended = true;
    if (const auto found = tracks_.find(event.track); found != tracks_.end()) {
        end(found->second, now);
    }
}

void Presence::update(const wire::Identity& identity, std::chrono::nanoseconds age, Time now) {
    expire(now);
    const auto& camera = identity.head.src;
    add_camera(camera);
    if (!cameras_.contains(camera)) {
        ++skipped_;
        return;
    }
    info(identity.track).subject_id = identity.subject_id.value_or("");
    if (identity.subject_id) {
        add_last_seen(camera, {*identity.subject_id, iso8601(identity.head.ts)});
    }
    if (age < options_.absent_after) touch(identity.track, camera, now);
}

void Presence::expire(Time now) {
    for (auto& [id, track] : tracks_) {
        // This end is provisional, so TrackInfo::ended stays false: if only the connection was
        // lost, the next message of the track brings it back into view.
        if (now - track.last_message >= options_.absent_after)
            end(track, track.last_message + options_.absent_after);
    }
    std::erase_if(tracks_, [&](const auto& entry) {
        const auto& ended = entry.second.ended;
        return ended && now - *ended >= options_.linger;
    });
}

std::map<std::string, Presence::Camera> Presence::cameras(Time now) {
    expire(now);
    struct Tally {
        std::set<std::string> in_view{};    // known people with a track in view
        std::set<std::string> lingering{};  // known people with a track that has ended
        std::size_t unnamed_in_view = 0;    // tracks in view without a known person
        std::size_t unnamed_lingering = 0;  // ended tracks without a known person
    };
    std::map<std::string, Tally> tallies;
    for (const auto& camera : cameras_) tallies[camera];
    for (const auto& [id, track] : tracks_) {
        auto& tally = tallies[track.camera];
        const auto subject = subject_of(id);
        if (subject.empty()) {
            ++(track.ended ? tally.unnamed_lingering : tally.unnamed_in_view);
        } else {
            (track.ended ? tally.lingering : tally.in_view).insert(subject);
        }
    }
    // When a track ends, its person often continues on a new track, which has no name yet. So
    // assume that the tracks in view without a name show the people whose tracks have ended, and
    // count only the larger of these two groups.
    std::map<std::string, Camera> all;
    for (auto& [name, tally] : tallies) {
        std::erase_if(tally.lingering, [&](const auto& id) { return tally.in_view.contains(id); });
        const auto lingering = tally.lingering.size() + tally.unnamed_lingering;
        Camera camera{.count = tally.in_view.size() + std::max(tally.unnamed_in_view, lingering),
                      .people = std::move(tally.in_view)};
        camera.people.merge(tally.lingering);
        all.emplace(name, std::move(camera));
    }
    return all;
}

}  // namespace facebus::gateway

#include "gateway/live/unknown_faces.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "people/grouping.hpp"

namespace facebus::gateway {
namespace {

bool newest_first(const UnknownFaces::Face& a, const UnknownFaces::Face& b) {
    return a->seen > b->seen;
}

/// Groups the faces by person. Sorts the faces of each group, and the groups by their newest face,
/// newest first.
std::vector<UnknownFaces::Group> group_by_person(const std::vector<UnknownFaces::Face>& faces,
                                                 const gallery::ScoreSpace& space) {
    std::map<std::string, std::size_t> cameras;
    std::vector<people::TrackFace> tracks;
    tracks.reserve(faces.size());
    for (const auto& face : faces) {
        const auto camera = cameras.try_emplace(face->camera, cameras.size()).first->second;
        tracks.push_back(
            {.face = face->embedding, .video = camera, .from = face->seen, .to = face->ended});
    }
    std::vector<UnknownFaces::Group> groups;
    for (const auto& members : people::group_by_person(tracks, space)) {
        UnknownFaces::Group group;
        group.reserve(members.size());
        for (const auto member : members) group.push_back(faces[member]);
        std::ranges::sort(group, newest_first);
        groups.push_back(std::move(group));
    }
    std::ranges::sort(groups, newest_first, [](const auto& group) { return group.front(); });
    return groups;
}

}  // namespace

void UnknownFaces::add(UnknownFace face) {
    const std::lock_guard lock(mutex_);
    std::erase_if(faces_, [&](const Face& other) { return other->track == face.track; });
    faces_.push_back(std::make_shared<const UnknownFace>(std::move(face)));
    if (faces_.size() > max_faces_) faces_.pop_front();
    record_change();
}

void UnknownFaces::forget_track(const std::string& track) {
    forget_if([&](const UnknownFace& face) { return face.track == track; });
}

void UnknownFaces::end_track(const std::string& track, std::int64_t when) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find(faces_, track, [](const Face& face) { return face->track; });
    if (found == faces_.end()) return;
    auto face = **found;
    face.ended = std::max(face.seen, when);
    *found = std::make_shared<const UnknownFace>(std::move(face));
    record_change();
}

std::vector<UnknownFaces::Group> UnknownFaces::groups(const gallery::ScoreSpace& space) const {
    std::unique_lock lock(mutex_);
    if (grouped_) return *grouped_;
    const std::vector<Face> faces(faces_.begin(), faces_.end());
    const auto changes = changes_;
    // Release the lock, because comparing the faces takes long.
    lock.unlock();
    auto groups = group_by_person(faces, space);
    lock.lock();
    if (changes == changes_) grouped_ = groups;
    return groups;
}

std::vector<UnknownFaces::Face> UnknownFaces::find(const std::vector<std::string>& ids) const {
    const std::lock_guard lock(mutex_);
    std::vector<Face> found;
    for (const auto& face : faces_) {
        if (std::ranges::find(ids, face->id) != ids.end()) found.push_back(face);
    }
    return found;
}

void UnknownFaces::remove(const std::vector<Face>& faces) {
    forget_if([&](const UnknownFace& face) {
        return std::ranges::any_of(faces,
                                   [&](const Face& removed) { return removed->id == face.id; });
    });
}

void UnknownFaces::forget_if(const std::function<bool(const UnknownFace&)>& unwanted) {
    const std::lock_guard lock(mutex_);
    if (std::erase_if(faces_, [&](const Face& face) { return unwanted(*face); }) > 0) {
        record_change();
    }
}

void UnknownFaces::record_change() {
    ++changes_;
    grouped_.reset();  // The old groups are outdated and would keep dropped faces in memory.
}

void UnknownFaces::forget_old(std::int64_t now_ns) {
    const auto oldest = now_ns - age_.count();
    forget_if([&](const UnknownFace& face) { return face.seen < oldest; });
}

std::size_t UnknownFaces::size() const {
    const std::lock_guard lock(mutex_);
    return faces_.size();
}

}  // namespace facebus::gateway

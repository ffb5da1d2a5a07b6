#include "gateway/live/gallery_follower.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "gallery/store/erasure.hpp"
#include "gateway/faces/still_decision.hpp"
#include "gateway/live/removed_people.hpp"

namespace facebus::gateway {
namespace {

using Ids = std::set<std::string>;

/// Returns the ids of all subjects that are not ignored.
Ids ids_not_ignored(const gallery::Snapshot& gallery) {
    const auto all = gallery.subject_ids("");
    Ids ids(all.begin(), all.end());
    for (const auto& id : gallery.ignored_ids()) ids.erase(id);
    return ids;
}

/// Returns whether the result names one of the subjects, as the known person or as one that the
/// track resembles.
bool names_any(const wire::Identity& identity, const Ids& subjects) {
    return (identity.subject_id && subjects.contains(*identity.subject_id)) ||
           (identity.runner_up && subjects.contains(identity.runner_up->subject_id)) ||
           (identity.best && subjects.contains(identity.best->subject_id));
}

}  // namespace

GalleryFollower::GalleryFollower(LiveView& live, UnknownFaces& unknown_faces, Heartbeat& heartbeat,
                                 live_gallery::GalleryWatcher::View view)
    : live_(live), unknown_faces_(unknown_faces), heartbeat_(heartbeat), view_(std::move(view)) {}

void GalleryFollower::update(live_gallery::GalleryWatcher::View view) {
    // Drop expired results, and results that arrived while their person was being removed.
    live_.forget_unless(
        [&](const wire::Identity& identity) { return !names_removed(identity, *view.snapshot); },
        Monotonic::now());
    unknown_faces_.forget_old(utc_ns());
    if (view.snapshot == view_.snapshot) return;
    forget_removed(*view_.snapshot, *view.snapshot);
    forget_known(view);
    view_ = std::move(view);
}

void GalleryFollower::forget_removed(const gallery::Snapshot& before,
                                     const gallery::Snapshot& now) {
    auto hidden = ids_not_ignored(before);
    std::erase_if(hidden,
                  [left = ids_not_ignored(now)](const auto& id) { return left.contains(id); });
    if (hidden.empty()) return;
    live_.forget_unless(
        [&](const wire::Identity& identity) { return !names_any(identity, hidden); },
        Monotonic::now());
    // An unknown face may show a removed or ignored person although the person was not recognised.
    // So drop every plausible match, even if the similarity is far below the decision threshold.
    for (std::size_t row = 0; row < before.samples(); ++row) {
        if (!hidden.contains(before.subject_id(row))) continue;
        heartbeat_.beat();
        const auto sample = before.embedding(row);
        unknown_faces_.forget_if([&](const UnknownFace& face) {
            return similarity(face.embedding, sample) > gallery::plausible_match;
        });
    }
}

void GalleryFollower::forget_known(const live_gallery::GalleryWatcher::View& view) {
    const auto& gallery = *view.snapshot;
    unknown_faces_.forget_if([&](const UnknownFace& face) {
        heartbeat_.beat();
        const auto best = gallery.best({&face.embedding, 1}, 2).front();
        const auto decision = decide_still({"", face.embedding, face.quality.overall}, best,
                                           gallery.subjects(), view.policy);
        return decision.verdict == gallery::Verdict::known || decision.ignored;
    });
}

}  // namespace facebus::gateway

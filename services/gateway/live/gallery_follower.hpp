// Applies changes of the gallery to the results and faces that the gateway keeps in memory.
#pragma once

#include "base/heartbeat.hpp"
#include "gallery/match/snapshot.hpp"
#include "gateway/live/live_view.hpp"
#include "gateway/live/unknown_faces.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Keeps the live results and the unknown faces consistent with the gallery. If a subject was
/// removed or is now ignored, drops all results that name the subject, and all unknown faces that
/// are a plausible match of the subject (see gallery/store/erasure.hpp). If an unknown person was
/// enrolled, drops the faces that are now recognised as that person. Not thread-safe.
class GalleryFollower {
  public:
    /// `heartbeat` is updated during update(), which can take many seconds with a large gallery.
    GalleryFollower(LiveView& live, UnknownFaces& unknown_faces, Heartbeat& heartbeat,
                    live_gallery::GalleryWatcher::View view);

    /// Drops expired results and faces. Applies the changes of the gallery since the last call.
    /// Must be called periodically with the current view of the gallery.
    void update(live_gallery::GalleryWatcher::View view);

  private:
    /// Drops results and faces of subjects that have been removed or ignored since the snapshot
    /// `before`. These are the subjects that are not ignored in `before`, and that are missing or
    /// ignored in `now`.
    void forget_removed(const gallery::Snapshot& before, const gallery::Snapshot& now);
    /// Drops unknown faces that decide_still() now recognises, including those of ignored
    /// subjects.
    void forget_known(const live_gallery::GalleryWatcher::View& view);

    LiveView& live_;
    UnknownFaces& unknown_faces_;
    Heartbeat& heartbeat_;
    live_gallery::GalleryWatcher::View view_;
};

}  // namespace facebus::gateway

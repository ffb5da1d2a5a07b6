// Applies gallery changes to the results and faces that the gateway keeps.
#pragma once

#include "gallery/match/snapshot.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/live/live_view.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Keeps live results and the inbox consistent with the gallery. If a subject was removed or is now
/// ignored, drops the results that name them and the inbox faces that are a plausible match (see
/// gallery/store/erasure.hpp). If an unknown person was enrolled, drops their faces from the inbox.
/// Not thread-safe.
class GalleryFollower {
  public:
    GalleryFollower(LiveView& live, Inbox& inbox, live_gallery::GalleryWatcher::View view);

    /// Drops expired results and faces, and applies the changes since the last call. To be called
    /// periodically with the current view.
    void update(live_gallery::GalleryWatcher::View view);

  private:
    void forget_removed(const gallery::Snapshot& before, const gallery::Snapshot& now);
    void forget_known(const live_gallery::GalleryWatcher::View& view);

    LiveView& live_;
    Inbox& inbox_;
    live_gallery::GalleryWatcher::View view_;
};

}  // namespace facebus::gateway

// What the gateway remembers, after the gallery has changed.
#pragma once

#include "gallery/match/snapshot.hpp"
#include "gateway/live/inbox.hpp"
#include "gateway/live/live_view.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Keeps results and strangers in step with the gallery: results that name a subject who was
/// removed, or is not to be reported any more, go, and so do faces of strangers that look even
/// remotely like one (see gallery/erasure.hpp); a stranger who is in the gallery now is none any
/// more. Not thread-safe.
class GalleryFollower {
  public:
    GalleryFollower(LiveView& live, Inbox& inbox, live_gallery::GalleryWatcher::View view);

    /// To be called now and then; does nothing but for ageing while the gallery is the same.
    void look(live_gallery::GalleryWatcher::View view);

  private:
    void forget_removed(const gallery::Snapshot& before, const gallery::Snapshot& now);
    void forget_known(const live_gallery::GalleryWatcher::View& view);

    LiveView& live_;
    Inbox& inbox_;
    live_gallery::GalleryWatcher::View view_;
};

}  // namespace facebus::gateway

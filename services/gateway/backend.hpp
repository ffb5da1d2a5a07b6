// What handlers work with.
#pragma once

#include <chrono>
#include <functional>

#include "gallery/store/store.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/options.hpp"
#include "gateway/pool.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Outlives the handlers.
struct Backend {
    const Options& options;
    const enrolment::Options& rules;
    vision::DetectorKind detector;
    Pool<FaceStage>& stages;
    Pool<gallery::Store>& stores;
    std::function<live_gallery::GalleryWatcher::View()> gallery;  ///< as it is matched against
    std::function<void()> changed;  ///< to be called after a write: gallery() shows it from then on

    [[nodiscard]] std::chrono::duration<double> patience() const {
        return std::chrono::duration<double>(options.timeout);
    }
};

/// One of the pool, or 503.
template <class T>
Answered<typename Pool<T>::Lease> lease(Pool<T>& pool, const Backend& backend) {
    auto taken = pool.take(backend.patience());
    if (taken) return taken;
    return refuse(503, 503, "too many requests are ahead of this one; try again");
}

}  // namespace facebus::gateway

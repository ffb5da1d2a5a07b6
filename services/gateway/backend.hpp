// Dependencies shared by the request handlers.
#pragma once

#include <chrono>
#include <functional>

#include "gallery/store/store.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/options.hpp"
#include "gateway/pool.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// Must outlive the handlers.
struct Backend {
    const Options& options;
    const enrolment::Options& rules;
    vision::DetectorKind detector;
    Pool<FaceStage>& stages;
    Pool<gallery::Store>& stores;
    /// Returns the current copy of the gallery and the decision policy.
    std::function<live_gallery::GalleryWatcher::View()> gallery;
    /// Handlers call this after every write, so that gallery() includes the change.
    std::function<void()> changed;

    [[nodiscard]] std::chrono::duration<double> timeout() const {
        return std::chrono::duration<double>(options.timeout);
    }
};

/// Borrows an item from the pool, or fails with 503 if none becomes free in time.
template <class T>
Answered<typename Pool<T>::Lease> lease(Pool<T>& pool, const Backend& backend) {
    auto leased = pool.acquire(backend.timeout());
    if (leased) return leased;
    return refuse(503, 503, "the gateway is busy; try again");
}

}  // namespace facebus::gateway

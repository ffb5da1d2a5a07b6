// Objects that all request handlers share.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "gallery/store/store.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/faces/image_decoder.hpp"
#include "gateway/options.hpp"
#include "gateway/pool.hpp"
#include "live_gallery/gallery_watcher.hpp"

namespace facebus::gateway {

/// References to the options, networks and connections that request handlers use. The Backend and
/// the objects that it refers to must outlive the handlers.
struct Backend {
    const Options& options;
    const enrolment::Options& enrolment_options;
    vision::DetectorKind detector;  ///< detector that the stages use
    ImageDecoder& images;           ///< decoding of uploaded images
    Pool<FaceStage>& stages;        ///< face detection and embedding
    Pool<gallery::Store>& stores;   ///< connections to the gallery in Redis
    /// Returns the current snapshot of the gallery and the decision policy.
    std::function<live_gallery::GalleryWatcher::View()> gallery;
    /// Updates the snapshot, so that gallery() includes the changes that the caller has made.
    std::function<void()> refresh_gallery;
    /// Erases the traces of removed people. Returns why some remain; see ErasureWorker::erase().
    std::function<std::optional<std::string>()> erase;

    /// Returns how long a request waits for a free item of a pool, or for the end of another export
    /// or import, before it fails with 503.
    [[nodiscard]] std::chrono::duration<double> timeout() const {
        return std::chrono::duration<double>(options.timeout);
    }
};

/// Leases an item from the pool. Fails with 503 if none becomes free within Backend::timeout().
template <class T>
HttpResult<typename Pool<T>::Lease> lease(Pool<T>& pool, const Backend& backend) {
    auto leased = pool.acquire(backend.timeout());
    if (leased) return leased;
    return http_error(503, 503, "the gateway is busy; try again later");
}

}  // namespace facebus::gateway

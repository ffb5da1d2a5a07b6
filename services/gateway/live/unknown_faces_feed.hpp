// Collects the faces of unknown people from results.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "base/bytes.hpp"
#include "base/metrics.hpp"
#include "gateway/faces/face_stage.hpp"
#include "gateway/live/unknown_faces.hpp"
#include "gateway/pool.hpp"
#include "wire/messages.hpp"

namespace facebus::gateway {

/// Embeds the crops of unknown people on its own thread and adds the faces to UnknownFaces. Shares
/// the networks in `stages` with requests that upload images. If crops arrive faster than they can
/// be embedded, drops the oldest ones and counts them in a metric. Thread-safe.
class UnknownFacesFeed {
  public:
    UnknownFacesFeed(UnknownFaces& unknown_faces, Pool<FaceStage>& stages, Metrics& metrics);

    /// Queues the crop of an `unknown` result, unless the crop or its quality is missing. If the
    /// result is `known` or `ignored`, drops the queued crops of its track, and removes the face of
    /// the track from UnknownFaces.
    void update(const wire::Identity& identity, const Bytes& crop);
    /// Passes the end of a track to UnknownFaces. Skips other events.
    void update(const wire::Track& event);

  private:
    struct Waiting {
        wire::Identity identity;
        Bytes crop;
    };
    void run(const std::stop_token& stop);
    bool embed(const Waiting& waiting);

    UnknownFaces& unknown_faces_;
    Pool<FaceStage>& stages_;
    Counter dropped_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Waiting> waiting_;  ///< crops to embed, oldest first
    /// Track of the crop that is being embedded. update() clears it if the face must not be added.
    std::string current_;
    std::jthread thread_;
};

}  // namespace facebus::gateway

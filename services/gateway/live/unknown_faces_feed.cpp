#include "gateway/live/unknown_faces_feed.hpp"

#include <chrono>
#include <utility>

#include "gallery/id.hpp"
#include "vision/image/image_file.hpp"

namespace facebus::gateway {
namespace {

// Maximum number of queued crops.
constexpr std::size_t max_waiting = 64;
// How long to wait for a free FaceStage before checking again whether the thread must stop.
constexpr std::chrono::seconds stage_timeout(1);

}  // namespace

UnknownFacesFeed::UnknownFacesFeed(UnknownFaces& unknown_faces, Pool<FaceStage>& stages,
                                   Metrics& metrics)
    : unknown_faces_(unknown_faces),
      stages_(stages),
      dropped_(metrics.counter("facebus_inbox_dropped_total",
                               "Faces of unknown people dropped because they arrived faster than "
                               "they could be embedded")),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

void UnknownFacesFeed::update(const wire::Identity& identity, const Bytes& crop) {
    if (identity.decision == wire::Decision::known || identity.ignored.value_or(false)) {
        const std::lock_guard lock(mutex_);
        std::erase_if(waiting_, [&](const Waiting& waiting) {
            return waiting.identity.track == identity.track;
        });
        if (current_ == identity.track) current_.clear();
        return unknown_faces_.forget_track(identity.track);
    }
    // Without the quality, nobody can tell whether the face is good enough to be enrolled.
    const bool unknown = identity.decision == wire::Decision::unknown;
    if (!unknown || crop.empty() || !identity.crop_quality) return;
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back({identity, crop});
        if (waiting_.size() > max_waiting) {
            waiting_.pop_front();
            dropped_.add();
        }
    }
    changed_.notify_one();
}

void UnknownFacesFeed::update(const wire::Track& event) {
    if (event.event == wire::TrackEvent::ended)
        unknown_faces_.end_track(event.track, event.head.ts);
}

void UnknownFacesFeed::run(const std::stop_token& stop) {
    while (true) {
        Waiting next;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); })) return;
            next = std::move(waiting_.front());
            waiting_.pop_front();
            current_ = next.identity.track;
        }
        // Try again until a FaceStage is free.
        while (!stop.stop_requested() && !embed(next)) {
        }
    }
}

/// Embeds the crop. Adds the face, unless a later result of the track was `known` or `ignored`; see
/// update(). Returns false if no FaceStage is free.
bool UnknownFacesFeed::embed(const Waiting& waiting) {
    const auto stage = stages_.acquire(stage_timeout);
    if (!stage) return false;
    const auto& identity = waiting.identity;
    const Image crop{crop_side, crop_side, waiting.crop};
    UnknownFace face{.id = gallery::new_id(),
                     .camera = identity.head.src,
                     .track = identity.track,
                     .seen = identity.head.ts,
                     .ended = identity.head.ts,
                     .quality = identity.crop_quality.value(),
                     .embedding = stage->embed(crop),
                     .jpeg = vision::encode_image(crop, ".jpg").value_or("")};
    const std::lock_guard lock(mutex_);
    if (current_ == identity.track) unknown_faces_.add(std::move(face));
    return true;
}

}  // namespace facebus::gateway

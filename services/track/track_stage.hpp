// Stage `track`: turns the faces of each frame into tracks, and selects the crops to recognise.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "track/options.hpp"
#include "vision/track/tracker.hpp"
#include "wire/messages.hpp"

namespace facebus::track {

/// Messages that result from one frame. They must be sent in the order `before`, `probes`, `after`,
/// because a track starts before its probes and ends after them.
struct TrackOutput {
    struct Probe {
        wire::Probe message;
        Bytes pixels;  ///< pixels of the crop
    };
    std::vector<wire::Track> before;
    std::vector<Probe> probes;
    std::vector<wire::Track> after;
};

/// Runs one tracker per camera. Not thread-safe.
class TrackStage {
  public:
    /// `session`: letters and digits that are unique to this run of the stage. They become part of
    /// every track id.
    TrackStage(const Options& options, std::string session)
        : options_(options.tracker),
          session_(std::move(session)),
          moved_interval_(
              options.publish_positions ? 0 : static_cast<std::int64_t>(options.heartbeat * 1e9)) {}

    /// Returns the messages for the faces of one frame. `crops` are the crops of the faces; see
    /// wire::Face. If the frame marks the end of a stream, all tracks of the stream end, and the
    /// last event is wire::TrackEvent::end, which concerns the whole stream. If the frame belongs
    /// to another stream than the previous frame of the camera, because capture restarted, the
    /// tracks of the old stream end first, but without wire::TrackEvent::end.
    TrackOutput process(const wire::Face& frame, const Bytes& crops);

  private:
    struct Camera {
        /// Number of the current stream of this camera since the stage started, from 1.
        std::uint64_t stream = 0;
        std::optional<std::string> stream_id;  ///< wire::Stream::id of the current stream
        vision::Tracker tracker;
        /// Pts of the last published event of each open track, by track number.
        std::map<std::uint64_t, std::int64_t> published;
    };

    /// Returns whether to publish the event. If so, records its time or, for `ended`, forgets the
    /// track. All events are published
    /// except a `moved` that follows the last published event of its track by less than
    /// `moved_interval_`.
    [[nodiscard]] bool should_publish(Camera& camera, const vision::TrackEvent& event) const;

    /// Appends the messages for a result of the camera's tracker to `output`.
    void append(TrackOutput& output, Camera& camera, const wire::Face& frame,
                vision::TrackerResult result) const;

    [[nodiscard]] std::string track_id(const std::string& camera, std::uint64_t stream,
                                       std::uint64_t number) const;

    vision::TrackerOptions options_;
    std::string session_;
    /// Minimum time in ns from the last published event of a track to a `moved` event.
    std::int64_t moved_interval_;
    std::map<std::string, Camera> cameras_;
    std::map<std::string, std::uint64_t> streams_;  ///< number of streams so far, by camera
};

}  // namespace facebus::track

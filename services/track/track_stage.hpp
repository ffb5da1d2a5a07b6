// Stage `track`: turns the faces of each frame into tracks, and selects the crops to recognise.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "track/options.hpp"
#include "vision/track/tracker.hpp"
#include "wire/messages.hpp"

namespace facebus::track {

/// Messages that result from one frame. They must be sent in this order: events `before`, probes,
/// events `after`, because a track starts before its probes and ends after them.
struct TrackOutput {
    struct Crop {
        wire::Probe message;
        Bytes pixels;
    };
    std::vector<wire::Track> before;
    std::vector<Crop> probes;
    std::vector<wire::Track> after;
};

/// Runs one tracker per camera. Not thread-safe.
class TrackStage {
  public:
    /// `session`: letters and digits that are unique to this run of the stage; part of every track
    /// id.
    TrackStage(const Options& options, std::string session)
        : options_(options.tracker),
          session_(std::move(session)),
          moved_interval_(
              options.publish_positions ? 0 : static_cast<std::int64_t>(options.heartbeat * 1e9)) {}

    /// Processes the faces of one frame. `crops`: see wire::Face. The end of a stream ends all of
    /// its tracks; the event `end` comes last.
    TrackOutput process(const wire::Face& frame, const Bytes& crops);

  private:
    struct Camera {
        std::uint64_t stream = 0;  ///< number of this stream of the camera, from 1
        vision::Tracker tracker;
        std::map<std::uint64_t, std::int64_t> published;  ///< track to pts of its last event
    };

    /// Returns whether to publish the event: every event except a `moved` within the heartbeat
    /// interval. Notes when the track was published last.
    [[nodiscard]] bool should_publish(Camera& camera, const vision::TrackEvent& event) const;

    [[nodiscard]] std::string track_id(const std::string& camera, std::uint64_t stream,
                                       std::uint64_t number) const;

    vision::TrackerOptions options_;
    std::string session_;
    std::int64_t moved_interval_;  ///< ns between two `moved` events of a track; 0: every frame
    std::map<std::string, Camera> cameras_;
    std::map<std::string, std::uint64_t> streams_;  ///< camera to number of streams so far
};

}  // namespace facebus::track

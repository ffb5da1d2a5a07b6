// The stage `track`: faces in, tracks and the crops worth recognising out.
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

/// What one frame gave. Events stand in the order in which they are to be sent, before or after the
/// probes: a track starts before its probes and ends after them.
struct TrackOutput {
    struct Crop {
        wire::Probe message;
        Bytes pixels;
    };
    std::vector<wire::Track> before;
    std::vector<Crop> probes;
    std::vector<wire::Track> after;
};

/// Follows the faces of every camera. Not thread-safe.
class TrackStage {
  public:
    /// `session`: letters and digits that no other run of this stage has had; part of every track
    /// id.
    TrackStage(const Options& options, std::string session)
        : options_(options.tracker),
          session_(std::move(session)),
          moved_every_(
              options.publish_positions ? 0 : static_cast<std::int64_t>(options.heartbeat * 1e9)) {}

    /// One frame's faces with their crops (see wire::Face). The end of a stream ends its tracks and
    /// gives the event `end` last.
    TrackOutput process(const wire::Face& frame, const Bytes& crops);

  private:
    struct Camera {
        std::uint64_t stream = 0;  ///< counts the streams that this camera has begun
        vision::Tracker tracker;
        std::map<std::uint64_t, std::int64_t> told;  ///< when each track told of itself last, pts
    };

    [[nodiscard]] bool to_be_told(Camera& camera, const vision::TrackEvent& event) const;

    [[nodiscard]] std::string track_id(const std::string& camera, std::uint64_t stream,
                                       std::uint64_t number) const;

    vision::TrackerOptions options_;
    std::string session_;
    std::int64_t moved_every_;
    std::map<std::string, Camera> cameras_;
    std::map<std::string, std::uint64_t> streams_;
};

}  // namespace facebus::track

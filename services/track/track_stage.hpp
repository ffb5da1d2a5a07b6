// The stage `track`: faces in, tracks and the crops worth recognising out.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "vision/tracker.hpp"
#include "wire/messages.hpp"

namespace facebus {

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
    /// id. `moves`: whether to tell where every track is in every frame.
    TrackStage(const vision::TrackerOptions& options, std::string session, bool moves)
        : options_(options), session_(std::move(session)), moves_(moves) {}

    /// One frame's faces with their crops (see wire::Face). The end of a stream ends its tracks and
    /// gives the event "end" last.
    TrackOutput process(const wire::Face& frame, const Bytes& crops);

  private:
    struct Camera {
        std::uint64_t stream = 0;  ///< counts the streams that this camera has begun
        vision::Tracker tracker;
    };

    [[nodiscard]] std::string track_id(const std::string& camera, std::uint64_t stream,
                                       std::uint64_t number) const;

    vision::TrackerOptions options_;
    std::string session_;
    bool moves_;
    std::map<std::string, Camera> cameras_;
    std::map<std::string, std::uint64_t> streams_;
};

}  // namespace facebus

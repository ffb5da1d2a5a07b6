// Follows faces from frame to frame and selects the crops that are worth sending.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/image.hpp"
#include "base/option.hpp"

namespace facebus::vision {

struct TrackerOptions {
    double max_gap = 1.5;         ///< seconds without a detection after which a track ends
    float min_iou = 0.2F;         ///< overlap with the predicted box that is always close enough
    int confirm = 2;              ///< detections before a track is reported and sends probes
    int max_probes = 8;           ///< probes of a track before it only sends one per `refresh`
    double probe_interval = 0.2;  ///< minimum seconds between two probes of a track
    double refresh = 5.0;         ///< seconds after which a long track sends one more probe
    float min_eye_distance = 10;  ///< crops with less, in pixels, are never sent
    float min_quality = 0.2F;     ///< crops with a lower Quality::overall are never sent

    static void keys(auto& self, auto&& key) {
        key("max_gap", self.max_gap, Range{0.04, 3600},
            "seconds without a detection after which a track ends");
        key("confirm", self.confirm, Range{1, 100}, "detections before a track is reported");
        key("max_probes", self.max_probes, Range{1, 64},
            "crops sent per track; after that, only one per `refresh`");
        key("probe_interval", self.probe_interval, Range{0, 3600},
            "minimum seconds between two crops of a track");
        key("refresh", self.refresh, Range{0.1, 86400},
            "seconds after which a long track sends one more crop");
        key("min_eye_distance", self.min_eye_distance, Range{0, 4096},
            "minimum distance of the eyes of a crop that is sent, in pixels");
        key("min_quality", self.min_quality, Range{0, 1},
            "minimum overall quality of a crop that is sent, 0 to 1");
    }
};

/// Face detected in a frame, with the crop to send.
struct Sighting {
    Box box;
    Landmarks landmarks{};
    Quality quality;
    Image crop;
};

struct TrackEvent {
    enum class Kind { started, moved, ended } kind{};
    std::uint64_t track = 0;
    Box box;               ///< current position, or the last one of an ended track
    std::int64_t pts = 0;  ///< position in the stream in ns; of an ended track: last detection
};

struct TrackProbe {
    std::uint64_t track = 0;
    std::uint32_t number = 0;  ///< 1 for the track's first probe
    Sighting sighting;
};

struct TrackerResult {
    std::vector<TrackEvent> events;  ///< started, moved (one per frame and visible track), ended
    std::vector<TrackProbe> probes;
};

/// Tracks the faces of one camera.
///
/// A detection joins the track whose predicted position is close to it and whose crop resembles
/// it; otherwise it starts a new track. A track is reported once it is confirmed by several
/// detections, and ends after a gap. A scene cut ends all tracks. Track numbers count from 1 and
/// are never reused. Deterministic. Not thread-safe.
class Tracker {
  public:
    explicit Tracker(const TrackerOptions& options);

    /// Processes one frame with its faces, possibly none. `pts`: position in the stream in ns;
    /// `cut`: whether the scene changed. Requires: frames are passed in order of time. If `pts`
    /// decreases, the stream is taken to have restarted and all tracks end.
    TrackerResult process(std::vector<Sighting> sightings, std::int64_t pts, bool cut);

    /// Ends all tracks, at the end of the stream.
    TrackerResult finish();

  private:
    struct Track;
    TrackerOptions options_;
    void drop_ghosts(std::int64_t pts, TrackerResult& result);

    std::uint64_t next_ = 1;    ///< number of the next confirmed track
    std::uint64_t births_ = 0;  ///< tracks created so far, confirmed or not
    std::int64_t last_pts_ = 0;
    std::vector<Track> tracks_;

  public:
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;
};

}  // namespace facebus::vision

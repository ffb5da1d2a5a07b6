// Following faces from frame to frame, and choosing which crops are worth sending.
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
    float min_iou = 0.2F;         ///< least overlap of a detection with the track's expected box
    int confirm = 2;              ///< detections before a track counts and sends probes
    int max_probes = 8;           ///< probes a track sends at most before `refresh`
    double probe_interval = 0.2;  ///< seconds between two probes of a track
    double refresh = 5.0;         ///< seconds after which a long track sends one more probe
    float min_eye_distance = 10;  ///< a crop below is never sent
    float min_quality = 0.2F;     ///< Quality::overall below which a crop is never sent

    static void keys(auto& self, auto&& key) {
        key("max_gap", self.max_gap, Range{0.04, 3600},
            "seconds without the face after which a track ends");
        key("confirm", self.confirm, Range{1, 100}, "detections before a track counts");
        key("max_probes", self.max_probes, Range{1, 64},
            "crops sent for a track before it is only refreshed");
        key("probe_interval", self.probe_interval, Range{0, 3600},
            "seconds between two crops of a track at least");
        key("refresh", self.refresh, Range{0.1, 86400},
            "seconds after which a long track sends one more crop");
        key("min_eye_distance", self.min_eye_distance, Range{0, 4096},
            "pixels between the eyes that a crop needs");
        key("min_quality", self.min_quality, Range{0, 1},
            "overall quality that a crop needs, 0 to 1");
    }
};

/// A face seen in a frame, with the crop that would be sent.
struct Sighting {
    Box box;
    Landmarks landmarks{};
    Quality quality;
    Image crop;
};

struct TrackEvent {
    enum class Kind { started, moved, ended } kind{};
    std::uint64_t track = 0;
    Box box;  ///< where the face is, or was last
    std::int64_t pts =
        0;  ///< position in the stream in ns; of an ended track: where it was seen last
};

struct TrackProbe {
    std::uint64_t track = 0;
    std::uint32_t number = 0;  ///< 1 for the track's first probe
    Sighting sighting;
};

struct TrackerResult {
    std::vector<TrackEvent> events;  ///< started, moved (one a frame and visible track), ended
    std::vector<TrackProbe> probes;
};

/// The tracks of one camera. Track numbers count from 1 and are never used again. A detection
/// joins the track whose predicted box it overlaps and whose crop it resembles; a scene cut ends
/// all tracks. Deterministic. Not thread-safe.
class Tracker {
  public:
    explicit Tracker(const TrackerOptions& options);

    /// One frame: its faces (possibly none), in order of time. `pts` in ns; `cut` if the scene
    /// changed.
    TrackerResult process(std::vector<Sighting> sightings, std::int64_t pts, bool cut);

    /// End of the stream: ends every track.
    TrackerResult finish();

  private:
    struct Track;
    TrackerOptions options_;
    void drop_ghosts(std::int64_t pts, TrackerResult& result);

    std::uint64_t next_ = 1;
    std::uint64_t births_ = 0;
    std::int64_t last_pts_ = 0;
    std::vector<Track> tracks_;

  public:
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;
};

}  // namespace facebus::vision

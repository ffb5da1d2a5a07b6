// Follows faces from frame to frame and selects the crops that are worth sending.
#pragma once

#include <cstdint>
#include <vector>

#include "base/image.hpp"
#include "base/option.hpp"

namespace facebus::vision {

/// Options of the tracker. Times are in seconds.
struct TrackerOptions {
    double max_gap = 1.5;         ///< a track ends if it has no detection for longer than this
    int confirm = 2;              ///< number of detections after which a track is reported
    float confirm_score = 0.95F;  ///< minimum detector score of these detections
    int max_probes = 8;           ///< number of probes after which a track sends only one per
                                  ///< `refresh`
    double probe_interval = 0.2;  ///< minimum time between probes of a track
    double refresh = 5.0;         ///< maximum time between probes of a track with good crops
    float min_eye_distance = 10;  ///< minimum Quality::eye_distance of a crop to send
    float min_quality = 0.2F;     ///< minimum Quality::overall of a crop to send

    static void keys(auto& self, auto&& key) {
        key("max_gap", self.max_gap, Range{0.04, 3600},
            "a track ends if it has no detection for longer than this, in seconds");
        key("confirm", self.confirm, Range{1, 100},
            "number of detections after which a track is reported");
        key("confirm_score", self.confirm_score, Range{0, 1},
            "minimum detector score of the detections that count towards `confirm`; hands and "
            "similar things seldom reach it twice");
        key("max_probes", self.max_probes, Range{1, 64},
            "probes sent per track; after that, only one per `refresh`");
        key("probe_interval", self.probe_interval, Range{0, 3600},
            "minimum seconds between probes of a track");
        key("refresh", self.refresh, Range{0.1, 86400},
            "maximum seconds between probes of a track, if its crops are good enough");
        key("min_eye_distance", self.min_eye_distance, Range{0, 4096},
            "minimum distance between the eyes for a crop to be sent, in frame pixels");
        key("min_quality", self.min_quality, Range{0, 1},
            "minimum overall quality for a crop to be sent, 0 to 1");
    }
};

/// Face detected in a frame, with its crop.
struct Sighting {
    Box box;
    Landmarks landmarks{};
    Quality quality;
    Image crop;
};

/// Start, movement or end of a track.
struct TrackEvent {
    enum class Kind { started, moved, ended } kind{};
    std::uint64_t track = 0;  ///< number of the track
    Box box;                  ///< position of the face when it was last detected
    std::int64_t pts = 0;     ///< time of the last detection: position in the stream in ns
};

/// Crop to send as a probe.
struct TrackProbe {
    std::uint64_t track = 0;   ///< number of the track
    std::uint32_t number = 0;  ///< number of the probe within the track, from 1
    Sighting sighting;
};

/// Output of the tracker for one frame.
struct TrackerResult {
    /// Starts and ends of tracks, and one `moved` event for each track that was reported earlier
    /// and is detected in this frame.
    std::vector<TrackEvent> events;
    std::vector<TrackProbe> probes;  ///< crops to send
};

/// Tracks the faces of one camera.
///
/// A detection can be assigned to a track if it has a similar size, is close to the predicted
/// position of the track, and its crop resembles the crops of the track. A detection that is not
/// assigned to any track starts a new one. A track is reported after `confirm` detections with
/// a detector score of at least `confirm_score`, and ends after `max_gap` seconds without a
/// detection. A scene cut ends all tracks. Reported tracks are numbered from 1, and numbers are
/// never reused. Deterministic. Not thread-safe.
class Tracker {
  public:
    explicit Tracker(const TrackerOptions& options);
    ~Tracker();
    Tracker(Tracker&&) noexcept;
    Tracker& operator=(Tracker&&) noexcept;

    /// Processes one frame with its faces, possibly none. `pts`: position in the stream in ns;
    /// `scene_cut`: whether the scene changed abruptly. If `pts` decreases, the stream is assumed
    /// to have restarted, and all tracks end.
    TrackerResult process(std::vector<Sighting> sightings, std::int64_t pts, bool scene_cut);

    /// Ends all tracks. Must be called at the end of the stream.
    TrackerResult finish();

  private:
    struct Track;
    /// Removes duplicate tracks of one face after the frame at `pts`.
    void remove_duplicate_tracks(std::int64_t pts, TrackerResult& result);

    TrackerOptions options_;
    std::uint64_t next_number_ = 1;  ///< number of the next track that is reported
    std::uint64_t created_ = 0;      ///< number of tracks created so far, reported or not
    std::int64_t last_pts_ = 0;
    std::vector<Track> tracks_;
};

}  // namespace facebus::vision

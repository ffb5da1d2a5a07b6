// Selects, for each track of a video, the crops that are worth enrolling.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/embedding.hpp"
#include "base/stop.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/progress.hpp"
#include "vision/crop/crop_file.hpp"
#include "vision/video/video_source.hpp"

namespace facebus::cli {

/// Converts nanoseconds to seconds.
inline double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

/// A crop that meets the enrolment rules, with its embedding.
struct KeptCrop {
    vision::AlignedCrop face;
    std::int64_t pts = 0;  ///< position in the video, in ns
    Embedding embedding{};
};

/// A track with at least one kept crop.
struct KeptTrack {
    std::size_t video = 0;     ///< index of the video
    std::uint64_t number = 0;  ///< unique over all videos, from 1
    /// Position in the video at which the tracker first reported the track, in ns; see
    /// TrackerOptions::confirm.
    std::int64_t from = 0;
    std::int64_t to = 0;          ///< position in the video of the track's last detection, in ns
    std::vector<KeptCrop> crops;  ///< in chronological order
};

/// Numbers of detected, kept and skipped faces.
struct FaceCount {
    std::size_t faces = 0;      ///< detected in all searched frames
    std::size_t kept = 0;       ///< crops in FaceHarvest::tracks()
    std::size_t too_small = 0;  ///< skipped because the eyes are too close to each other
    std::size_t blurred = 0;    ///< skipped because they are not sharp enough
    std::size_t poor = 0;       ///< skipped because their overall quality is too low

    /// Returns the number of faces skipped for other reasons, for example because they resemble an
    /// earlier face of their track or are not among the best 12 of their track.
    [[nodiscard]] std::size_t redundant() const {
        return faces - kept - too_small - blurred - poor;
    }
};

/// Reads videos one after the other. Considers the crops that meet the enrolment rules and that the
/// tracker selects. Of these, keeps the best of each track, up to 12. Not thread-safe.
class FaceHarvest {
  public:
    /// `every` is the interval in seconds between the frames searched; 0 searches every frame.
    FaceHarvest(enrolment::Enroller& enroller, const enrolment::Options& rules, double every);

    /// Reads the next video to its end. If a stop is requested, returns early and keeps no crop of
    /// this video, but count() includes the faces that were detected before. Throws FatalError if
    /// the video cannot be read.
    void read(vision::VideoSource& video, Progress& progress, const Stop& stop);

    /// Returns the tracks that have at least one kept crop.
    [[nodiscard]] const std::vector<KeptTrack>& tracks() const { return tracks_; }
    [[nodiscard]] const FaceCount& count() const { return count_; }

  private:
    /// Tracks of one video, by the number that the tracker gave them.
    using Tracks = std::map<std::uint64_t, KeptTrack>;

    std::vector<vision::Sighting> find_faces(const Image& frame);
    void update(Tracks& tracks, vision::TrackerResult result, std::int64_t pts);
    void embed(KeptTrack& track);
    void keep(Tracks tracks);

    enrolment::Enroller& enroller_;
    enrolment::Options rules_;
    double every_;
    std::size_t videos_ = 0;      ///< number of videos read
    std::uint64_t numbered_ = 0;  ///< KeptTrack::number of the latest kept track
    std::vector<KeptTrack> tracks_;
    FaceCount count_;
};

}  // namespace facebus::cli

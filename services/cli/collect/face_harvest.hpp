// From videos to the crops of each track that are worth keeping.
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

/// A position in a video, from ns.
inline double seconds(std::int64_t ns) {
    return static_cast<double>(ns) * 1e-9;
}

/// A crop that may be enrolled, and what the network makes of it.
struct KeptCrop {
    vision::AlignedCrop face;
    std::int64_t pts = 0;  ///< where in the video, in ns
    Embedding embedding{};
};

struct KeptTrack {
    std::size_t video = 0;     ///< number of the video, from 0
    std::uint64_t number = 0;  ///< over all videos, from 1
    std::int64_t from = 0;     ///< where in the video it is seen first and last, in ns
    std::int64_t to = 0;
    std::vector<KeptCrop> crops;  ///< in the order of time
};

/// Faces in frames, and why not all were kept.
struct FaceCount {
    std::size_t faces = 0;
    std::size_t kept = 0;
    std::size_t too_small = 0;
    std::size_t blurred = 0;
    std::size_t poor = 0;

    /// Good ones that show no more than the kept ones do.
    [[nodiscard]] std::size_t alike() const { return faces - kept - too_small - blurred - poor; }
};

/// Reads videos one after the other. Keeps the crops of each track that pass the rules of the
/// gallery and differ, at most 12: the best.
class FaceHarvest {
  public:
    /// `every`: seconds between two frames that are searched; 0: all are.
    FaceHarvest(enrolment::Enroller& enroller, const enrolment::Options& rules, double every);

    /// The next video, to its end; after `stop` nothing is kept of it. Throws StartupError if it
    /// can't be read.
    void read(vision::VideoSource& video, Progress& progress, const Stop& stop);

    /// Tracks without a crop that may be kept are left out.
    [[nodiscard]] const std::vector<KeptTrack>& tracks() const { return tracks_; }
    [[nodiscard]] const FaceCount& count() const { return count_; }

  private:
    using Tracks = std::map<std::uint64_t, KeptTrack>;  ///< of one video, by the tracker's number

    std::vector<vision::Sighting> judged(const Image& frame);
    void follow(Tracks& tracks, vision::TrackerResult found, std::int64_t pts);
    void embed(KeptTrack& track);
    void add(Tracks tracks);

    enrolment::Enroller& enroller_;
    enrolment::Options rules_;
    double every_;
    std::size_t videos_ = 0;
    std::uint64_t numbered_ = 0;
    std::vector<KeptTrack> tracks_;
    FaceCount count_;
};

}  // namespace facebus::cli

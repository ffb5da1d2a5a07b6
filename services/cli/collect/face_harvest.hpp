// Extracts from videos the crops of each track that are worth keeping.
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

/// A crop that passed the enrolment rules, with its embedding.
struct KeptCrop {
    vision::AlignedCrop face;
    std::int64_t pts = 0;  ///< position in the video, in ns
    Embedding embedding{};
};

/// A track with at least one crop worth keeping.
struct KeptTrack {
    std::size_t video = 0;        ///< number of the video, from 0
    std::uint64_t number = 0;     ///< unique over all videos, from 1
    std::int64_t from = 0;        ///< position in the video where it is first seen, in ns
    std::int64_t to = 0;          ///< and last seen
    std::vector<KeptCrop> crops;  ///< in order of time
};

/// Counts of detected faces, and of the reasons why some were not kept.
struct FaceCount {
    std::size_t faces = 0;
    std::size_t kept = 0;
    std::size_t too_small = 0;
    std::size_t blurred = 0;
    std::size_t poor = 0;

    /// Returns the number of good faces that add nothing to the kept ones.
    [[nodiscard]] std::size_t redundant() const {
        return faces - kept - too_small - blurred - poor;
    }
};

/// Reads videos one after the other. Keeps the best 12 crops per track among those that pass the
/// enrolment rules and differ from each other. Not thread-safe.
class FaceHarvest {
  public:
    /// `every` is the number of seconds between frames that are searched; 0 searches every frame.
    FaceHarvest(enrolment::Enroller& enroller, const enrolment::Options& rules, double every);

    /// Reads the next video to its end. Keeps nothing of it if a stop is requested. Throws
    /// FatalError if it can't be read.
    void read(vision::VideoSource& video, Progress& progress, const Stop& stop);

    /// Returns the tracks that have at least one kept crop.
    [[nodiscard]] const std::vector<KeptTrack>& tracks() const { return tracks_; }
    [[nodiscard]] const FaceCount& count() const { return count_; }

  private:
    using Tracks = std::map<std::uint64_t, KeptTrack>;  ///< of one video, by the tracker's id

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

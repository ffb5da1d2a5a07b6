// Selects the areas of a frame that are worth searching for faces.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/image.hpp"
#include "base/option.hpp"

namespace facebus::vision {

struct MotionOptions {
    bool enabled = true;         ///< false: every frame is searched completely
    double full_interval = 1.0;  ///< seconds between two complete searches, which find faces that
                                 ///< do not move
    double phase = 0;            ///< fraction of `full_interval` that is over at the first frame
    double linger = 1.0;         ///< seconds that an area is searched after its last motion
    int min_area = 400;          ///< smallest moving area in pixels of the frame
    int margin = 48;             ///< pixels added on every side of a moving area

    static void keys(auto& self, auto&& key) {
        key("enabled", self.enabled, "search moving areas only; false: all of every frame");
        key("full_interval", self.full_interval, Range{0, 3600},
            "seconds between two searches of the complete frame");
        key("linger", self.linger, Range{0, 3600},
            "seconds that an area is searched after its last motion");
        key("min_area", self.min_area, Range{1, 100'000'000},
            "smallest moving area in pixels of the frame");
        key("margin", self.margin, Range{0, 4096}, "pixels added on every side of a moving area");
    }
};

struct MotionResult {
    std::vector<Area> areas;  ///< disjoint, inside the frame; one area of the whole frame if `full`
    bool full = false;        ///< the whole frame must be searched
    bool cut = false;         ///< the scene changed abruptly (a cut, or the light was switched)
};

/// Motion detection for one camera. Compares each frame with a background model and with the
/// previous frame, so that the expensive face detector only runs on areas that moved recently.
/// Because a face may also stand still, the whole frame is searched once per `full_interval`.
/// Deterministic. Not thread-safe.
class MotionGate {
  public:
    explicit MotionGate(const MotionOptions& options);
    ~MotionGate();
    MotionGate(MotionGate&&) noexcept;
    MotionGate& operator=(MotionGate&&) noexcept;

    /// Returns the areas of the frame to search. `pts`: position of the frame in the stream in ns.
    /// The first frame, and any frame of another size, restarts the model and is searched
    /// completely. Requires: frames are passed in order of time.
    MotionResult process(const Image& frame, std::int64_t pts);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Returns a copy of the pixels of one area; shares the pixels if the area is the whole frame.
/// Requires: the area lies inside the frame.
Image cut_out(const Image& frame, const Area& area);

}  // namespace facebus::vision

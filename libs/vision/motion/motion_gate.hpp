// Selects the areas of a frame that are worth searching for faces.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/image.hpp"
#include "base/option.hpp"

namespace facebus::vision {

/// Options of the motion gate. Lengths and areas are in pixels of the frame, times in seconds.
struct MotionOptions {
    bool enabled = true;         ///< false: every frame is searched as a whole
    double full_interval = 1.0;  ///< maximum time between searches of the whole frame, which find
                                 ///< faces that do not move
    double phase = 0;            ///< fraction of the first `full_interval` that is skipped, so that
                                 ///< the searches of several cameras do not coincide
    double linger = 1.0;         ///< time for which an area is still searched after its last motion
    int min_area = 400;          ///< minimum number of connected moving pixels that count as motion
    int margin = 48;             ///< minimum number of pixels added on every side of a moving area

    static void keys(auto& self, auto&& key) {
        key("enabled", self.enabled,
            "search only areas with motion; false: search every frame as a whole");
        key("full_interval", self.full_interval, Range{0, 3600},
            "seconds between searches of the whole frame");
        key("linger", self.linger, Range{0, 3600},
            "seconds for which an area is still searched after its last motion");
        key("min_area", self.min_area, Range{1, 100'000'000},
            "minimum number of frame pixels in a moving area");
        key("margin", self.margin, Range{0, 4096},
            "minimum number of frame pixels added on every side of a moving area");
    }
};

/// Result of the motion gate for one frame.
struct MotionResult {
    std::vector<Area> areas;  ///< areas to search; they do not overlap
    bool full = false;        ///< whether `areas` is one area that covers the whole frame
    bool scene_cut = false;   ///< whether the scene changed abruptly, for example at a cut or
                              ///< when the lights were turned on or off
};

/// Motion detection for one camera. Compares each frame with a background model and with the
/// previous frame, so that the expensive face detector runs mainly on areas with recent motion. A
/// face may also stand still, so the whole frame is searched at least once per `full_interval`.
/// Deterministic. Not thread-safe.
class MotionGate {
  public:
    explicit MotionGate(const MotionOptions& options);
    ~MotionGate();
    MotionGate(MotionGate&&) noexcept;
    MotionGate& operator=(MotionGate&&) noexcept;

    /// Returns the areas of the frame to search. `pts`: position of the frame in the stream in ns.
    /// Restarts the background model and returns the whole frame for the first frame, after a
    /// change of the frame size, and after a scene cut. Requires: frames are passed in
    /// chronological order.
    MotionResult process(const Image& frame, std::int64_t pts);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Returns a copy of the pixels of one area; shares the pixels if the area is the whole frame.
/// Requires: the area lies inside the frame.
Image copy_area(const Image& frame, const Area& area);

}  // namespace facebus::vision

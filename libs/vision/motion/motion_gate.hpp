// Which parts of a frame are worth searching for faces.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/image.hpp"
#include "base/option.hpp"

namespace facebus::vision {

struct MotionOptions {
    bool enabled = true;  ///< off: every frame is searched whole
    double full_interval =
        1.0;              ///< seconds between whole frames, so that nobody who stands still is lost
    double phase = 0;     ///< part of it that is over at the first frame
    double linger = 1.0;  ///< seconds that an area stays worth searching after its last motion
    int min_area = 400;   ///< smallest moving area in pixels of the frame
    int margin = 48;      ///< pixels added around a moving area on every side

    static void keys(auto& self, auto&& key) {
        key("enabled", self.enabled, "search moving areas only; false: every frame, whole");
        key("full_interval", self.full_interval, Range{0, 3600},
            "seconds between frames that are searched whole");
        key("linger", self.linger, Range{0, 3600},
            "seconds that an area is searched after its last motion");
        key("min_area", self.min_area, Range{1, 100'000'000},
            "smallest moving area in pixels of the frame");
        key("margin", self.margin, Range{0, 4096}, "pixels added on every side of a moving area");
    }
};

struct MotionResult {
    std::vector<Area> areas;  ///< disjoint, inside the frame; one area of the whole frame if `full`
    bool full = false;        ///< the whole frame is to be searched
    bool cut = false;         ///< the scene changed at once (a cut, or the light was switched)
};

/// The background model of one camera. Frames in order of time. Deterministic. Not thread-safe.
class MotionGate {
  public:
    explicit MotionGate(const MotionOptions& options);
    ~MotionGate();
    MotionGate(MotionGate&&) noexcept;
    MotionGate& operator=(MotionGate&&) noexcept;

    /// `pts`: position of the frame in the stream in ns. A frame of another size starts afresh.
    MotionResult process(const Image& frame, std::int64_t pts);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The pixels of one area, copied out. Precondition: the area lies inside the frame.
Image cut_out(const Image& frame, const Area& area);

}  // namespace facebus::vision

// Detects streams that keep delivering frames whose image no longer changes.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace facebus::capture {

/// Detects an image that has stayed identical, bit for bit, for a given time.
///
/// A camera may repeat its last image forever, and OpenCV does so when a stream switches to a
/// higher resolution. In both cases, reopening the stream helps. A working camera is unlikely to
/// deliver identical images, because its sensor is noisy. A frozen image is reported only once,
/// even if the stream still shows this image after it was reopened. Not thread-safe.
class FreezeDetector {
  public:
    /// `limit_ns`: time in ns for which the image may stay identical; 0: no limit.
    explicit FreezeDetector(std::int64_t limit_ns) : limit_(limit_ns) {}

    /// Records the frame captured at `now_ns`. Returns true if the image has stayed identical for
    /// at least the limit, and just_froze() has not yet returned true for this image.
    bool just_froze(const Bytes& pixels, std::int64_t now_ns);

  private:
    std::int64_t limit_;
    Bytes image_;             ///< pixels of the last frame
    std::int64_t since_ = 0;  ///< time of the first frame with this image
    bool reported_ = false;   ///< whether just_froze() has returned true for this image
};

}  // namespace facebus::capture

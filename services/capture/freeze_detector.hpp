// Detects streams that keep delivering frames whose image no longer changes.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace facebus::capture {

/// Reports an image that has stayed identical, bit for bit, for a given time.
///
/// A camera may repeat its last image for ever, and OpenCV does so when a stream switches to a
/// higher resolution. A real sensor never delivers two identical frames, and reopening the stream
/// fixes both cases. A frozen image is reported once; it is reported again only after it has
/// changed. Not thread-safe.
class FreezeDetector {
  public:
    /// `limit_ns`: how long an image may stay identical; 0: for ever.
    explicit FreezeDetector(std::int64_t limit_ns) : limit_(limit_ns) {}

    /// Records the frame captured at `now_ns`. Returns true once, when the image has been identical
    /// for the limit.
    bool frozen(const Bytes& pixels, std::int64_t now_ns);

  private:
    std::int64_t limit_;
    Bytes shown_;
    std::int64_t since_ = 0;  ///< time of the first frame that showed `shown_`
    bool reported_ = false;
};

}  // namespace facebus::capture

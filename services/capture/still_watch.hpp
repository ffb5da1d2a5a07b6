// Noticing that a stream goes on and its picture does not.
#pragma once

#include <cstdint>

#include "base/bytes.hpp"

namespace facebus::capture {

/// A camera may repeat its last picture for ever, and OpenCV does when a stream grows its
/// resolution: frames come, all alike to the bit, which a real sensor does not give. Opening the
/// stream again mends both. Of a picture that is the same after that nothing more is said until it
/// changes. Not thread-safe.
class StillWatch {
  public:
    /// `limit_ns`: so long may a picture stay the same; 0: for ever.
    explicit StillWatch(std::int64_t limit_ns) : limit_(limit_ns) {}

    /// Takes the frame of the time `now_ns`; true: the picture has stayed the same for the limit,
    /// which is said once.
    bool stuck(const Bytes& pixels, std::int64_t now_ns);

  private:
    std::int64_t limit_;
    Bytes shown_;
    std::int64_t since_ = 0;
    bool said_ = false;
};

}  // namespace facebus::capture

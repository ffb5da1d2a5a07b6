// The stage `motion`: frames in, the parts worth searching out.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "vision/motion/motion_gate.hpp"
#include "wire/messages.hpp"

namespace facebus::motion {

/// Keeps a background model per camera. Not thread-safe.
class MotionStage {
  public:
    explicit MotionStage(const vision::MotionOptions& options) : options_(options) {}

    /// One frame with its pixels (see wire::Frame) to the region message and its pixels. The end of
    /// a stream passes through and forgets the camera.
    std::pair<wire::Region, Bytes> process(const wire::Frame& frame, const Bytes& pixels);

  private:
    vision::MotionOptions options_;
    int seen_ = 0;  ///< cameras so far
    std::map<std::string, vision::MotionGate> cameras_;
};

}  // namespace facebus::motion

// Stage `motion`: selects the areas of a frame that are worth searching for faces.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "vision/motion/motion_gate.hpp"
#include "wire/messages.hpp"

namespace facebus::motion {

/// Runs one motion gate per camera. Not thread-safe.
class MotionStage {
  public:
    explicit MotionStage(const vision::MotionOptions& options) : options_(options) {}

    /// Returns the region message for one frame, with the pixels of its areas one after the other.
    /// `pixels`: see wire::Frame. The end of a stream is passed on and deletes the camera's gate.
    std::pair<wire::Region, Bytes> process(const wire::Frame& frame, const Bytes& pixels);

  private:
    vision::MotionOptions options_;
    int seen_ = 0;  ///< streams started so far
    std::map<std::string, vision::MotionGate> cameras_;
};

}  // namespace facebus::motion

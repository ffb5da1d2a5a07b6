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

    /// Returns the region message for one frame, and the concatenated pixels of its areas.
    /// `pixels`: see wire::Frame. At the end of a stream, forwards the message and deletes the
    /// camera's motion gate.
    std::pair<wire::Region, Bytes> process(const wire::Frame& frame, const Bytes& pixels);

  private:
    vision::MotionOptions options_;
    int streams_ = 0;  ///< number of streams started so far
    std::map<std::string, vision::MotionGate> cameras_;
};

}  // namespace facebus::motion

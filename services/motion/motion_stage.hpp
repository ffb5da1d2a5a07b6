// Stage `motion`: selects the areas of a frame in which detect-align searches for faces.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/bytes.hpp"
#include "vision/motion/motion_gate.hpp"
#include "wire/messages.hpp"

namespace facebus::motion {

/// Runs one motion gate per camera, and a new one when the camera begins another stream. Not
/// thread-safe.
class MotionStage {
  public:
    explicit MotionStage(const vision::MotionOptions& options) : options_(options) {}

    /// Returns the message with the areas of one frame, and the concatenated pixels of these areas.
    /// `pixels`: see wire::Frame. If the frame marks the end of a stream, returns a message without
    /// areas and deletes the camera's motion gate.
    std::pair<wire::Region, Bytes> process(const wire::Frame& frame, const Bytes& pixels);

  private:
    struct Camera {
        std::optional<std::string> stream;  ///< see wire::Stream::id
        vision::MotionGate gate;
    };

    vision::MotionOptions options_;
    int streams_ = 0;  ///< number of streams so far, of all cameras
    std::map<std::string, Camera> cameras_;
};

}  // namespace facebus::motion

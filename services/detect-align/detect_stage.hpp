// The stage `detect-align`: parts of frames in, aligned faces out.
#pragma once

#include <filesystem>
#include <utility>

#include "base/bytes.hpp"
#include "vision/detect/face_detector.hpp"
#include "wire/messages.hpp"

namespace facebus::detect_align {

/// Finds the faces in the areas of one frame. Not thread-safe.
class DetectStage {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    DetectStage(const std::filesystem::path& models, const vision::DetectorOptions& options)
        : detector_(models, options) {}

    /// One region message with its pixels to the faces found, in coordinates of the frame, and
    /// their crops. A frame without faces gives a message without faces: `track` must see time
    /// pass.
    std::pair<wire::Face, Bytes> process(const wire::Region& region, const Bytes& pixels);

  private:
    vision::FaceDetector detector_;
};

}  // namespace facebus::detect_align

// Stage `detect-align`: finds and aligns the faces in the areas of a frame.
#pragma once

#include <filesystem>
#include <utility>

#include "base/bytes.hpp"
#include "vision/detect/face_detector.hpp"
#include "wire/messages.hpp"

namespace facebus::detect_align {

/// Detects, aligns and assesses faces. Not thread-safe.
class DetectStage {
  public:
    /// Throws `FatalError` if a model is missing or corrupt, or an option is invalid.
    DetectStage(const std::filesystem::path& models, const vision::DetectorOptions& options)
        : detector_(models, options) {}

    /// Returns the faces in the areas of `region`, at most wire::max_faces, in coordinates of the
    /// frame, and their concatenated crops. Skips faces that the border of an area cuts off.
    /// `pixels`: see wire::Region. A frame without faces also results in a message, because `track`
    /// ends a track only when it receives later frames.
    std::pair<wire::Face, Bytes> process(const wire::Region& region, const Bytes& pixels);

  private:
    vision::FaceDetector detector_;
};

}  // namespace facebus::detect_align

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
    /// frame, and their concatenated crops. Skips faces that touch a border of an area, because
    /// the area may contain only a part of them; borders of the frame do not count. `pixels`: see
    /// wire::Region. Returns a message even if there are no faces, because the stage `track` needs
    /// the time of every frame to end tracks.
    std::pair<wire::Face, Bytes> process(const wire::Region& region, const Bytes& pixels);

  private:
    vision::FaceDetector detector_;
};

}  // namespace facebus::detect_align

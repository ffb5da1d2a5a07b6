// The face detector that the configuration asks for.
#pragma once

#include <filesystem>
#include <variant>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/detect/ssd.hpp"

namespace facebus::vision {

/// MTCNN or SSD, as the options say. Not thread-safe: one object a thread.
class FaceDetector {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    FaceDetector(const std::filesystem::path& models, const DetectorOptions& options);

    /// Faces in the picture, best score first; see Mtcnn::detect.
    std::vector<Detection> detect(const Image& image);

  private:
    std::variant<Mtcnn, Ssd> detector_;
};

}  // namespace facebus::vision

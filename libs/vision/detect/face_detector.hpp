// Face detector selected by the configuration: MTCNN, SSD or YuNet.
#pragma once

#include <filesystem>
#include <variant>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/mtcnn.hpp"
#include "vision/detect/ssd.hpp"
#include "vision/detect/yunet.hpp"

namespace facebus::vision {

/// Wraps the detector selected by DetectorOptions::detector. Not thread-safe: use one object per
/// thread.
class FaceDetector {
  public:
    /// Throws `FatalError` if a model is missing or corrupt, or an option is invalid.
    FaceDetector(const std::filesystem::path& models, const DetectorOptions& options);

    /// Returns the faces in the image, highest score first; see Mtcnn::detect(), Ssd::detect()
    /// and Yunet::detect().
    std::vector<Detection> detect(const Image& image);

  private:
    std::variant<Mtcnn, Ssd, Yunet> detector_;
};

}  // namespace facebus::vision

// SSD face detection (Liu et al. 2016; the ResNet-10 network of OpenCV) through OpenCV DNN, with
// the boxes and landmarks of MTCNN's O-Net.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/detector_options.hpp"

namespace facebus::vision {

/// Finds faces in one pass over a small copy of the picture, so its time does not depend on the
/// picture's size, but neither does it see faces much below a tenth of the picture. SSD gives boxes
/// only: O-Net looks at each, corrects the box and finds the landmarks, so that crops are cut as
/// with MTCNN. Not thread-safe: one object a thread.
class Ssd {
  public:
    /// Loads the SSD from `models`/ssd and onet.onnx from `models`. Throws StartupError
    /// (unavailable) naming the file that is missing or that OpenCV can't read, and the command
    /// that fetches it.
    Ssd(const std::filesystem::path& models, const DetectorOptions& options);
    ~Ssd();
    Ssd(Ssd&&) noexcept;
    Ssd& operator=(Ssd&&) noexcept;

    /// Faces in the picture, best O-Net score first; boxes as those of Mtcnn::detect.
    std::vector<Detection> detect(const Image& image);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

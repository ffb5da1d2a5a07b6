// MTCNN face detection (Zhang et al. 2016) through OpenCV DNN.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/detector_options.hpp"

namespace facebus::vision {

/// Finds faces in three cascaded networks: proposals over an image pyramid, refinement, landmarks.
/// Not thread-safe: one object a thread.
class Mtcnn {
  public:
    /// Loads pnet.onnx, rnet.onnx and onet.onnx from `models`. Throws StartupError (unavailable)
    /// naming the file that is missing or that OpenCV can't read, and the command that fetches it.
    Mtcnn(const std::filesystem::path& models, const DetectorOptions& options);
    ~Mtcnn();
    Mtcnn(Mtcnn&&) noexcept;
    Mtcnn& operator=(Mtcnn&&) noexcept;

    /// Faces in the picture, best score first; empty if there are none or the picture is smaller
    /// than min_face. The box is the regressed box, not made square, and may reach over the border.
    std::vector<Detection> detect(const Image& image);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

// YuNet face detection (Wu, Peng and Yu 2023; OpenCV Zoo), run by OpenCV DNN.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/detector_options.hpp"

namespace facebus::vision {

/// Detects faces and their landmarks with one small network, in copies of the image that are scaled
/// so that the network finds faces of about `min_face` pixels. Scores are converted to the
/// scale of Mtcnn's (see yunet.cpp), so that qualities are comparable. Not thread-safe: use one
/// object per thread.
class Yunet {
  public:
    /// Loads yunet.onnx from `models`. If it is missing or cannot be read, throws `FatalError`
    /// (unavailable), whose message names the file and the command that fetches it.
    Yunet(const std::filesystem::path& models, const DetectorOptions& options);
    ~Yunet();
    Yunet(Yunet&&) noexcept;
    Yunet& operator=(Yunet&&) noexcept;

    /// Returns the faces in the image, highest score first. Returns none if the width or height of
    /// the image is less than `min_face`. Boxes may extend beyond the border of the image.
    std::vector<Detection> detect(const Image& image);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

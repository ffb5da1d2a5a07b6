// SSD face detection (Liu et al. 2016; OpenCV's ResNet-10 network, run by OpenCV DNN), with boxes
// and landmarks from MTCNN's O-Net.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/detector_options.hpp"

namespace facebus::vision {

/// Detects faces in a single pass over a copy of the image that is scaled to `ssd_input` x
/// `ssd_input` pixels. The run time hardly depends on the size of the image, but faces that are
/// small in this copy are missed. The SSD network finds only boxes. O-Net then rejects boxes
/// without a face, refines the others and locates their landmarks, as in Mtcnn. Not thread-safe:
/// use one object per thread.
class Ssd {
  public:
    /// Loads the SSD network from `models`/ssd and O-Net from `models`/onet.onnx. If a file is
    /// missing or cannot be read, throws `FatalError` (unavailable), whose message names the file
    /// and the command that fetches it.
    Ssd(const std::filesystem::path& models, const DetectorOptions& options);
    ~Ssd();
    Ssd(Ssd&&) noexcept;
    Ssd& operator=(Ssd&&) noexcept;

    /// Returns the faces in the image, highest O-Net score first. Boxes have the properties
    /// described at Mtcnn::detect().
    std::vector<Detection> detect(const Image& image);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

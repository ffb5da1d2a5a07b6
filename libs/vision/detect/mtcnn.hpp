// MTCNN face detection (Zhang et al. 2016).
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "vision/detect/detection.hpp"
#include "vision/detect/detector_options.hpp"

namespace facebus::vision {

/// Detects faces with a cascade of three networks. Each network examines fewer candidates than the
/// previous one, at a higher resolution:
///
/// 1. P-Net scans every level of an image pyramid and proposes boxes (ProposalNetwork).
/// 2. R-Net rejects most of these boxes and refines the others (CandidateNetwork).
/// 3. O-Net rejects further boxes. It refines the remaining ones and locates their landmarks
///    (OutputNetwork).
///
/// After each stage, non-maximum suppression removes overlapping boxes. Not thread-safe: use one
/// object per thread.
class Mtcnn {
  public:
    /// Loads pnet.onnx, rnet.onnx and onet.onnx from `models`. If a file is missing or cannot be
    /// read, throws `FatalError` (unavailable), whose message names the file and the command that
    /// fetches it. Throws `FatalError` (config) unless 0 < `scale_factor` < 1.
    Mtcnn(const std::filesystem::path& models, const DetectorOptions& options);
    ~Mtcnn();
    Mtcnn(Mtcnn&&) noexcept;
    Mtcnn& operator=(Mtcnn&&) noexcept;

    /// Returns the faces in the image, highest score first. Returns none if the width or height of
    /// the image is less than `min_face`. Boxes need not be square and may extend beyond the border
    /// of the image.
    std::vector<Detection> detect(const Image& image);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

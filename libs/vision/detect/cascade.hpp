// Private to libs/vision: O-Net and helpers, used by both Mtcnn and Ssd.
#pragma once

#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "vision/detect/candidate_network.hpp"
#include "vision/detect/detection.hpp"
#include "vision/detect/nms.hpp"

namespace facebus::vision {

// Standardisation of a pixel: (x - pixel_mean) * pixel_scale.
inline constexpr double pixel_mean = 127.5;
inline constexpr double pixel_scale = 1 / 128.0;

/// Truncates the corners of the box to whole pixels. Returns false if the box then contains no
/// pixel.
bool truncate_to_pixels(Candidate& candidate);

/// O-Net, the last stage of both detectors: decides which candidates are faces, refines their boxes
/// and locates their landmarks. Thread-safe.
class OutputNetwork {
  public:
    /// Loads onet.onnx from `models`. Throws as OnnxWeights does.
    explicit OutputNetwork(const std::filesystem::path& models);

    /// Returns the candidates whose O-Net score is above `min_score` as faces, highest score first.
    /// If two boxes overlap by more than 70% of the area of the smaller box, returns only the one
    /// with the higher score. `image`: 8-bit, BGR. Requires: the candidates are square.
    [[nodiscard]] std::vector<Detection> faces(const cv::Mat& image,
                                               const std::vector<Candidate>& candidates,
                                               float min_score) const;

  private:
    CandidateNetwork network_;
};

}  // namespace facebus::vision

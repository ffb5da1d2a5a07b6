// Private to libs/vision: what the networks of MTCNN share.
#pragma once

#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "vision/detect/candidate_network.hpp"
#include "vision/detect/detection.hpp"
#include "vision/detect/nms.hpp"

namespace facebus::vision {

// Standardisation of a pixel: (x - mean) * scale.
inline constexpr double pixel_mean = 127.5;
inline constexpr double pixel_scale = 1 / 128.0;

/// Whole pixels, and at least one of them: a candidate that has collapsed has nothing to look at.
bool to_pixels(Candidate& candidate);

/// O-Net: decides, corrects the box a last time and finds the landmarks.
class OutputNetwork {
  public:
    /// Loads onet.onnx. Throws as OnnxWeights does.
    explicit OutputNetwork(const std::filesystem::path& models);

    /// The faces among the candidates (square boxes) whose score is above `least_score`, best
    /// first; of boxes that overlap the best stays. `picture`: 8-bit, BGR.
    std::vector<Detection> faces(const cv::Mat& picture, const std::vector<Candidate>& candidates,
                                 float least_score);

  private:
    CandidateNetwork network_;
};

}  // namespace facebus::vision

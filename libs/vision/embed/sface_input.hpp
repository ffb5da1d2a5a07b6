// Private to libs/vision: turns crops into the input of SFace.
#pragma once

#include <filesystem>
#include <string_view>

#include <opencv2/core.hpp>

#include "base/image.hpp"
#include "vision/detect/candidate_network.hpp"

namespace facebus::vision {

/// Side length in pixels of the square input of SFace.
inline constexpr int sface_side = 112;
/// Identifies how SfaceInput warps crops. It is part of the model id.
inline constexpr std::string_view sface_alignment = "onet1";

/// Warps crops for SFace, which was trained on faces whose five landmarks were moved to fixed
/// positions by a similarity transform. Locates the landmarks in the crop itself, with O-Net: they
/// are in no message, and the photos of samples have none either. So messages, crop files and
/// photos are the same for all networks. Thread-safe.
class SfaceInput {
  public:
    /// Loads onet.onnx from `models`. Throws as OnnxWeights does.
    explicit SfaceInput(const std::filesystem::path& models);

    /// Returns the input, sface_side x sface_side pixels. Requires: align() cut the crop.
    [[nodiscard]] cv::Mat warp(const Image& crop) const;
    /// Returns the landmarks, in pixels of the crop.
    [[nodiscard]] Landmarks landmarks(const Image& crop) const;

  private:
    CandidateNetwork output_network_;
};

}  // namespace facebus::vision

// Private to libs/vision: P-Net, the network of MTCNN that scans a whole image.
#pragma once

#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "base/instructions.hpp"
#include "vision/kernels/convolution.hpp"
#include "vision/kernels/winograd.hpp"

namespace facebus::vision {

/// Output of P-Net: rows x columns cells, stored row by row. Each cell describes a window of 12 x
/// 12 pixels of the scaled image; neighbouring windows are 2 pixels apart.
struct ProposalMaps {
    int rows = 0;
    int columns = 0;
    std::vector<float> score;    ///< probability of a face; one value per cell
    std::vector<float> offsets;  ///< see Candidate::offsets; four values per cell
};

/// P-Net, computed a few rows at a time, so that the rows in use stay in the fastest CPU caches.
/// Thread-safe.
class ProposalNetwork {
  public:
    /// Loads the ONNX file. Throws as OnnxWeights does.
    explicit ProposalNetwork(const std::filesystem::path& file)
        : ProposalNetwork(OnnxWeights(file)) {}

    /// Runs P-Net on `image` (8-bit, BGR) scaled to `size`. Requires: both sides of `size` are at
    /// least 12.
    [[nodiscard]] ProposalMaps run(const cv::Mat& image, const cv::Size& size,
                                   Instructions instructions = best_instructions()) const;

  private:
    class Pass;

    explicit ProposalNetwork(const OnnxWeights& file);

    ConvolutionLayer first_;
    WinogradLayer second_;
    WinogradLayer third_;
    ConvolutionLayer heads_;  ///< channel 0: difference of the class scores; 1 to 4: offsets
};

}  // namespace facebus::vision

// Private to libs/vision: P-Net, the network of MTCNN that looks at every place of a picture.
#pragma once

#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "base/instructions.hpp"
#include "vision/kernels/convolution.hpp"
#include "vision/kernels/winograd.hpp"

namespace facebus::vision {

/// What P-Net says of each place: rows x columns cells, row by row.
struct ProposalMaps {
    int rows = 0;
    int columns = 0;
    std::vector<float> score;  ///< probability of a face, one a cell
    std::vector<float> shift;  ///< correction of the corners in box sizes, four a cell
};

/// P-Net a few rows at a time, with all that is at work in the nearest caches. The same numbers as
/// by OpenCV DNN to 1e-4. Not thread-safe.
class ProposalNetwork {
  public:
    /// Throws as load_network() does.
    explicit ProposalNetwork(const std::filesystem::path& file)
        : ProposalNetwork(OnnxWeights(file)) {}

    /// The picture (8-bit, BGR) scaled to `size`, none of whose sides is below 12.
    [[nodiscard]] ProposalMaps run(const cv::Mat& picture, const cv::Size& size,
                                   Instructions instructions = best_instructions()) const;

  private:
    class Pass;

    explicit ProposalNetwork(const OnnxWeights& file);

    ConvolutionLayer first_;
    WinogradLayer second_;
    WinogradLayer third_;
    ConvolutionLayer heads_;  ///< channel 0: what the softmax comes from; 1 to 4: the shift
};

}  // namespace facebus::vision

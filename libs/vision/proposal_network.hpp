// Private to libs/vision: P-Net, the network of MTCNN that looks at every place of a picture.
#pragma once

#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "vision/convolution.hpp"

namespace facebus::vision {

/// What P-Net says of each place: rows x columns cells, row by row.
struct ProposalMaps {
    int rows = 0;
    int columns = 0;
    std::vector<float> score;  ///< probability of a face, one a cell
    std::vector<float> shift;  ///< correction of the corners in box sizes, four a cell
};

/// P-Net row by row, with all that is at work in the nearest cache. The same numbers as by OpenCV
/// DNN to 1e-4. Not thread-safe.
class ProposalNetwork {
  public:
    /// Throws as load_network() does.
    explicit ProposalNetwork(const std::filesystem::path& file)
        : ProposalNetwork(OnnxWeights(file)) {}

    /// `picture`: 8-bit RGB, columns first; see cascade_picture(). None of its sides below 12.
    const ProposalMaps& run(const cv::Mat& picture);

  private:
    explicit ProposalNetwork(const OnnxWeights& file);

    ConvolutionLayer first_;
    ConvolutionLayer second_;
    ConvolutionLayer third_;
    ConvolutionLayer heads_;  ///< channel 0: what the softmax comes from; 1 to 4: the shift
    ProposalMaps maps_;
};

}  // namespace facebus::vision

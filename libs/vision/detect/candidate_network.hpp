// Private to libs/vision: R-Net and O-Net, the networks of MTCNN that classify candidate boxes.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "vision/detect/nms.hpp"
#include "vision/kernels/convolution.hpp"
#include "vision/kernels/winograd.hpp"

namespace facebus::vision {

/// Network that decides whether a candidate box contains a face.
///
/// R-Net and O-Net have the same structure: 3 x 3 convolutions, each followed by max pooling; a
/// last 2 x 2 convolution without pooling; a fully connected layer; and fully connected output
/// heads. Thread-safe.
class CandidateNetwork {
  public:
    /// Output of the network for one candidate.
    struct Prediction {
        float score = 0;                 ///< probability of a face
        std::array<float, 4> offsets{};  ///< bounding-box regression; see Candidate::offsets
        /// Landmarks, from O-Net only: five x, then five y coordinates, measured from the top left
        /// corner of the box, as fractions of its width and height.
        std::array<float, 10> points{};
    };

    /// Loads R-Net from rnet.onnx in the folder `models`. Throws as OnnxWeights does.
    static CandidateNetwork load_rnet(const std::filesystem::path& models);
    /// Loads O-Net from onet.onnx in the folder `models`. Throws as OnnxWeights does.
    static CandidateNetwork load_onet(const std::filesystem::path& models);

    /// Returns one prediction per candidate, in the same order. `image`: 8-bit, BGR. Runs on
    /// OpenCV's threads (see use_threads()).
    [[nodiscard]] std::vector<Prediction> run(const cv::Mat& image,
                                              const std::vector<Candidate>& candidates) const;

    /// Returns the predictions for `count` patches of side x side x 3 standardised floats in BGR.
    [[nodiscard]] std::vector<Prediction> forward(const float* patches, int count) const;

  private:
    /// Max pooling with stride 2.
    struct Pooling {
        int window;
        bool ceil_mode;  ///< whether the last window may extend beyond the end of the map
    };
    /// 3 x 3 convolution and the pooling after it.
    struct Stage {
        WinogradLayer convolution;
        Pooling pooling;
    };

    CandidateNetwork(int side, ConvolutionLayer first, Pooling pooling, std::vector<Stage> stages,
                     ConvolutionLayer last, ConvolutionLayer dense, ConvolutionLayer heads);

    int side_;                ///< side of the input patches in pixels
    ConvolutionLayer first_;  ///< 3 x 3
    Pooling pooling_;         ///< pooling after the first convolution
    std::vector<Stage> stages_;
    ConvolutionLayer last_;  ///< 2 x 2, computed as 1 x 1 on gathered neighbourhoods
    ConvolutionLayer dense_;
    /// Channel 0: difference of the class scores; 1 to 4: offsets; 5 to 14, O-Net only: landmarks.
    ConvolutionLayer heads_;
};

}  // namespace facebus::vision

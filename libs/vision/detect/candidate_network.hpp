// Private to libs/vision: R-Net and O-Net, the networks of MTCNN that classify single candidates.
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
/// R-Net and O-Net have the same structure: convolutions of 3 x 3, each followed by a max pooling,
/// a last convolution of 2 x 2 without pooling, a fully connected layer, and output heads that are
/// fully connected, too. Thread-safe.
class CandidateNetwork {
  public:
    /// Output of the network for one candidate.
    struct Prediction {
        float score = 0;                 ///< probability of a face
        std::array<float, 4> shift{};    ///< correction of the corners in box sizes
        std::array<float, 10> points{};  ///< O-Net only: landmarks in box sizes, 5 x, then 5 y
    };

    /// Loads R-Net from rnet.onnx in the folder `models`. Throws as OnnxWeights does.
    static CandidateNetwork refine(const std::filesystem::path& models);
    /// Loads O-Net from onet.onnx in the folder `models`. Throws as OnnxWeights does.
    static CandidateNetwork output(const std::filesystem::path& models);

    /// Returns one prediction per candidate, in order. `image`: 8-bit, BGR. Uses as many threads as
    /// OpenCV is set to.
    [[nodiscard]] std::vector<Prediction> run(const cv::Mat& image,
                                              const std::vector<Candidate>& candidates) const;

    /// Returns the predictions for `count` patches of side x side x 3 standardised floats in BGR.
    [[nodiscard]] std::vector<Prediction> forward(const float* patches, int count) const;

  private:
    /// Max pooling with stride 2.
    struct Pooling {
        int window;
        bool ceil_mode;  ///< whether a window may reach beyond the end of the map
    };
    /// Convolution of 3 x 3 and the pooling after it.
    struct Stage {
        WinogradLayer convolution;
        Pooling pooling;
    };

    CandidateNetwork(int side, ConvolutionLayer first, Pooling pooling, std::vector<Stage> stages,
                     ConvolutionLayer last, ConvolutionLayer dense, ConvolutionLayer heads);

    int side_;                ///< of the input patches in pixels
    ConvolutionLayer first_;  ///< 3 x 3
    Pooling pooling_;         ///< after the first convolution
    std::vector<Stage> stages_;
    ConvolutionLayer last_;  ///< 2 x 2, computed as 1 x 1 on gathered neighbourhoods
    ConvolutionLayer dense_;
    ConvolutionLayer heads_;  ///< channel 0: face score; 1 to 4: shift; O-Net 5 to 14: landmarks
};

}  // namespace facebus::vision

// Private to libs/vision: R-Net and O-Net, the networks of MTCNN that look at candidates one by
// one.
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

/// A stack of convolutions with a pooling after each but the last, a fully connected layer, and
/// what comes out of it. Not thread-safe.
class CandidateNetwork {
  public:
    /// What the network says of one candidate.
    struct Answer {
        float score = 0;                 ///< probability of a face
        std::array<float, 4> shift{};    ///< correction of the corners in box sizes
        std::array<float, 10> points{};  ///< O-Net's landmarks in box sizes, x of all before y
    };

    /// R-Net of rnet.onnx and O-Net of onet.onnx. Throws as OnnxWeights does.
    static CandidateNetwork refine(const std::filesystem::path& models);
    static CandidateNetwork output(const std::filesystem::path& models);

    /// The answers for candidates of a picture (8-bit, BGR), in order, on as many threads as
    /// OpenCV takes.
    [[nodiscard]] std::vector<Answer> run(const cv::Mat& picture,
                                          const std::vector<Candidate>& candidates) const;

    /// The answers for `count` pictures, each side x side x 3 standardised numbers in BGR.
    [[nodiscard]] std::vector<Answer> forward(const float* pictures, int count) const;

  private:
    /// The pooling after a convolution.
    struct Pooling {
        int window;
        bool over_end;  ///< whether a window may reach over the end
    };
    /// A convolution of 3 x 3 and the pooling after it.
    struct Stage {
        WinogradLayer convolution;
        Pooling pooling;
    };

    CandidateNetwork(int side, ConvolutionLayer first, Pooling pooling, std::vector<Stage> stages,
                     ConvolutionLayer last, ConvolutionLayer dense, ConvolutionLayer heads);

    int side_;
    ConvolutionLayer first_;  ///< 3 x 3
    Pooling pooling_;         ///< after the first
    std::vector<Stage> stages_;
    ConvolutionLayer last_;  ///< 2 x 2, as 1 x 1 of cells that have been gathered
    ConvolutionLayer dense_;
    ConvolutionLayer heads_;
};

}  // namespace facebus::vision

// Private to libs/vision: R-Net and O-Net, the networks of MTCNN that look at candidates one by
// one.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include <opencv2/core.hpp>

#include "vision/convolution.hpp"
#include "vision/nms.hpp"

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

    /// Runs the network over all candidates in batches; `keep(candidate, answer)` gets each.
    /// `picture`: see cascade_picture().
    template <class Keep>
    void run(const cv::Mat& picture, const std::vector<Candidate>& candidates, Keep keep) {
        for (std::size_t first = 0; first < candidates.size(); first += batch_limit) {
            const std::size_t count = std::min(batch_limit, candidates.size() - first);
            const auto answers = forward(picture, &candidates[first], static_cast<int>(count));
            for (std::size_t i = 0; i < count; ++i) keep(candidates[first + i], answers[i]);
        }
    }

    /// The answers for `count` pictures, each side x side x 3 standardised numbers.
    std::vector<Answer> forward(const float* pictures, int count);

  private:
    // The largest number of candidates that go through at once: bounds the memory.
    static constexpr std::size_t batch_limit = 64;

    /// A convolution and the pooling after it.
    struct Stage {
        Stage(ConvolutionLayer convolution, int pooled, bool reaching);

        int size;                ///< of the convolution
        int inputs;              ///< its channels
        ConvolutionLayer layer;  ///< the same for cells that have been gathered
        int window;              ///< of the pooling; 0: none
        bool over_end;           ///< whether a window may reach over the end
    };

    CandidateNetwork(int side, std::vector<Stage> stages, ConvolutionLayer dense,
                     ConvolutionLayer heads);

    std::vector<Answer> forward(const cv::Mat& picture, const Candidate* candidates, int count);

    int side_;
    std::vector<Stage> stages_;
    ConvolutionLayer dense_;
    ConvolutionLayer heads_;
};

}  // namespace facebus::vision

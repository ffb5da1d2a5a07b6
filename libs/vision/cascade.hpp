// Private to libs/vision: what the networks of MTCNN share, namely the picture as they were trained
// on it and the parts of it that they read.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

#include "vision/detection.hpp"
#include "vision/nms.hpp"

namespace facebus::vision {

// Standardisation of a pixel: (x - mean) * scale.
inline constexpr double pixel_mean = 127.5;
inline constexpr double pixel_scale = 1 / 128.0;

/// A picture (BGR) as the cascade reads it. All three networks were trained with the axes swapped
/// (columns first) in RGB, so the picture is transposed once and everything of the cascade runs in
/// columns-first matrices.
cv::Mat cascade_picture(const cv::Mat& upright);

/// A blob of `count` columns-first RGB pictures, pixels last as the networks want it.
cv::Mat cascade_blob(int count, int columns, int rows);

/// The picture `index` of a blob as a matrix to write to.
cv::Mat plane(cv::Mat& pictures, int index);

/// A network that looks at candidates one by one, as R-Net and O-Net do.
class CandidateNetwork {
  public:
    /// `side` of the square that it reads, in pixels; the names of its outputs. Throws as
    /// load_network does.
    CandidateNetwork(const std::filesystem::path& file, int side, std::vector<std::string> outputs);

    /// Runs the network over all candidates in batches; `keep(candidate, i, outputs)` gets each
    /// with its row in the outputs.
    template <class Keep>
    void run(const cv::Mat& picture, const std::vector<Candidate>& candidates, Keep keep) {
        for (std::size_t first = 0; first < candidates.size(); first += batch_limit) {
            const std::size_t count = std::min(batch_limit, candidates.size() - first);
            const auto out = forward(picture, &candidates[first], static_cast<int>(count));
            for (std::size_t i = 0; i < count; ++i)
                keep(candidates[first + i], static_cast<int>(i), out);
        }
    }

  private:
    // The largest number of crops that go through at once: bounds the memory.
    static constexpr std::size_t batch_limit = 64;

    std::vector<cv::Mat> forward(const cv::Mat& picture, const Candidate* candidates, int count);

    cv::dnn::Net net_;
    int side_;
    std::vector<std::string> outputs_;
};

/// Whole pixels, and at least one of them: a candidate that has collapsed has nothing to look at.
bool to_pixels(Candidate& candidate);

/// O-Net: decides, corrects the box a last time and finds the landmarks.
class OutputNetwork {
  public:
    /// Loads onet.onnx. Throws as load_network does.
    explicit OutputNetwork(const std::filesystem::path& models);

    /// The faces among the candidates (square boxes) whose score is above `least_score`, best
    /// first; of boxes that overlap the best stays.
    std::vector<Detection> faces(const cv::Mat& picture, const std::vector<Candidate>& candidates,
                                 float least_score);

  private:
    CandidateNetwork net_;
};

}  // namespace facebus::vision

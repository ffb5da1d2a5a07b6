#include "vision/candidate_network.hpp"

#include <cmath>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "vision/cascade.hpp"

namespace facebus::vision {
namespace {

using Numbers = std::vector<float>;

std::size_t floats(int cells, int channels) {
    return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
}

/// Appends the size x size cells about each place of a map, one behind the other: a convolution is
/// then one of size 1, whatever the width of the map.
void gather(const float* map, int side, int channels, int size, Numbers& out) {
    const int places = side - size + 1;
    const auto begin = out.size();
    out.resize(begin + floats(places * places, size * size * channels));
    float* to = out.data() + begin;
    for (int y = 0; y < places; ++y) {
        for (int x = 0; x < places; ++x) {
            for (int row = 0; row < size; ++row) {
                to = std::copy_n(map + floats((y + row) * side + x, channels),
                                 floats(size, channels), to);
            }
        }
    }
}

void convolve(const ConvolutionLayer& layer, const Numbers& in, int cells, Numbers& out) {
    out.resize(floats(cells, layer.outputs));
    const float* row = in.data();
    convolve_row(layer, &row, cells, out.data());
}

/// Gives the side of what comes out.
int pool(const Numbers& map, int side, const ConvolutionLayer& layer, int window, bool over_end,
         Numbers& out) {
    const int pooled = over_end ? (side + 1) / 2 : (side - window) / 2 + 1;
    out.resize(floats(pooled * pooled, layer.channels));
    for (int y = 0; y < pooled; ++y) {
        std::array<const float*, 3> rows{};
        const int count = std::min(window, side - 2 * y);
        for (int i = 0; i < count; ++i) {
            rows[static_cast<std::size_t>(i)] =
                map.data() + floats((2 * y + i) * side, layer.outputs);
        }
        pool_row(rows.data(), count, window, side, layer.outputs, layer.channels, pooled,
                 out.data() + floats(y * pooled, layer.channels));
    }
    return pooled;
}

// Candidates up to this many pixels wide are scaled in floating point.
constexpr int largest_exact = 1024;

/// The pixels of a candidate scaled to the size of the target, black where it leaves the picture.
void cut(const cv::Mat& picture, const Candidate& candidate, cv::Mat target) {
    // The cascade counts pixels from 1; picture is transposed, so rows are x here.
    const cv::Rect wanted(static_cast<int>(candidate.top) - 1, static_cast<int>(candidate.left) - 1,
                          static_cast<int>(candidate.height()),
                          static_cast<int>(candidate.width()));
    const cv::Rect inside = wanted & cv::Rect(0, 0, picture.cols, picture.rows);
    if (inside.empty()) {
        target.setTo(-pixel_mean * pixel_scale);
        return;
    }
    // Standardised before scaling: rounding the scaled pixels to whole numbers is enough to make
    // another of two nearly equal candidates win now and then. For a huge face the memory matters
    // more.
    const bool exact = wanted.width <= largest_exact;
    cv::Mat part = picture(inside);
    if (exact) {
        cv::Mat standardised;
        part.convertTo(standardised, CV_32F, pixel_scale, -pixel_mean * pixel_scale);
        part = standardised;
    }
    if (inside != wanted) {
        cv::Mat padded;
        cv::copyMakeBorder(part, padded, inside.y - wanted.y, wanted.br().y - inside.br().y,
                           inside.x - wanted.x, wanted.br().x - inside.br().x,
                           cv::BORDER_CONSTANT | cv::BORDER_ISOLATED,
                           cv::Scalar::all(exact ? -pixel_mean * pixel_scale : 0));
        part = padded;
    }
    if (exact) {
        cv::resize(part, target, target.size(), 0, 0, cv::INTER_AREA);
        return;
    }
    cv::Mat scaled;
    cv::resize(part, scaled, target.size(), 0, 0, cv::INTER_AREA);
    scaled.convertTo(target, CV_32F, pixel_scale, -pixel_mean * pixel_scale);
}

/// The softmax of two classes as the difference of their outputs.
void add_score(ConvolutionLayer& heads, const OnnxWeights& file, const char* name) {
    heads.add_dense(file, name, 2, 1, 0);
    heads.add_dense(file, name, 2, 0, 0, -1);
}

ConvolutionLayer dense_layer(const OnnxWeights& file, const char* name, int inputs, int outputs) {
    ConvolutionLayer layer(1, inputs, outputs);
    for (int i = 0; i < outputs; ++i) layer.add_dense(file, name, outputs, i, i);
    std::ranges::copy(file.get("slope", static_cast<std::size_t>(outputs)), layer.slope.begin());
    return layer;
}

}  // namespace

CandidateNetwork::Stage::Stage(ConvolutionLayer convolution, int pooled, bool reaching)
    : size(convolution.size),
      inputs(convolution.inputs),
      layer(std::move(convolution)),
      window(pooled),
      over_end(reaching) {
    layer.inputs *= layer.size * layer.size;
    layer.size = 1;
}

CandidateNetwork::CandidateNetwork(int side, std::vector<Stage> stages, ConvolutionLayer dense,
                                   ConvolutionLayer heads)
    : side_(side), stages_(std::move(stages)), dense_(std::move(dense)), heads_(std::move(heads)) {}

CandidateNetwork CandidateNetwork::refine(const std::filesystem::path& models) {
    const OnnxWeights file(models / "rnet.onnx");
    std::vector<Stage> stages;
    stages.emplace_back(ConvolutionLayer(3, 3, 28, file, "conv2d_5", "p_re_lu_3_"), 3, true);
    stages.emplace_back(ConvolutionLayer(3, 28, 48, file, "conv2d_6", "p_re_lu_4_"), 3, false);
    stages.emplace_back(ConvolutionLayer(2, 48, 64, file, "conv2d_7", "p_re_lu_5_"), 0, false);
    ConvolutionLayer heads(1, 128, 5);
    add_score(heads, file, "dense_1");
    for (int i = 0; i < 4; ++i) heads.add_dense(file, "dense_2", 4, i, 1 + i);
    return {24, std::move(stages), dense_layer(file, "dense", 576, 128), std::move(heads)};
}

CandidateNetwork CandidateNetwork::output(const std::filesystem::path& models) {
    const OnnxWeights file(models / "onet.onnx");
    std::vector<Stage> stages;
    stages.emplace_back(ConvolutionLayer(3, 3, 32, file, "conv2d_8", "p_re_lu_7_"), 3, true);
    stages.emplace_back(ConvolutionLayer(3, 32, 64, file, "conv2d_9", "p_re_lu_8_"), 3, false);
    stages.emplace_back(ConvolutionLayer(3, 64, 64, file, "conv2d_10", "p_re_lu_9_"), 2, true);
    stages.emplace_back(ConvolutionLayer(2, 64, 128, file, "conv2d_11", "p_re_lu_10_"), 0, false);
    ConvolutionLayer heads(1, 256, 15);
    add_score(heads, file, "dense_4");
    for (int i = 0; i < 4; ++i) heads.add_dense(file, "dense_5", 4, i, 1 + i);
    for (int i = 0; i < 10; ++i) heads.add_dense(file, "dense_6", 10, i, 5 + i);
    return {48, std::move(stages), dense_layer(file, "dense_3", 1152, 256), std::move(heads)};
}

std::vector<CandidateNetwork::Answer> CandidateNetwork::forward(const cv::Mat& picture,
                                                                const Candidate* candidates,
                                                                int count) {
    Numbers pictures(floats(count * side_ * side_, 3));
    for (int i = 0; i < count; ++i) {
        cut(picture, candidates[i],
            cv::Mat(side_, side_, CV_32FC3, pictures.data() + floats(i * side_ * side_, 3)));
    }
    return forward(pictures.data(), count);
}

std::vector<CandidateNetwork::Answer> CandidateNetwork::forward(const float* pictures, int count) {
    Numbers last;
    Numbers cells;
    Numbers convolved;
    Numbers map;
    int places = 0;
    for (int i = 0; i < count; ++i) {
        const float* in = pictures + floats(i * side_ * side_, 3);
        int side = side_;
        for (const Stage& stage : stages_) {
            places = side - stage.size + 1;
            if (stage.window == 0) {
                // So few places that those of all candidates are convolved at once.
                gather(in, side, stage.inputs, stage.size, last);
                break;
            }
            cells.clear();
            gather(in, side, stage.inputs, stage.size, cells);
            convolve(stage.layer, cells, places * places, convolved);
            side = pool(convolved, places, stage.layer, stage.window, stage.over_end, map);
            in = map.data();
        }
    }
    Numbers dense;
    Numbers heads;
    convolve(stages_.back().layer, last, count * places * places, convolved);
    convolve(dense_, convolved, count, dense);
    convolve(heads_, dense, count, heads);
    std::vector<Answer> answers(static_cast<std::size_t>(count));
    const float* head = heads.data();
    for (Answer& answer : answers) {
        answer.score = 1 / (1 + std::exp(-head[0]));
        std::copy_n(head + 1, 4, answer.shift.begin());
        if (heads_.channels > 5) std::copy_n(head + 5, 10, answer.points.begin());
        head += heads_.outputs;
    }
    return answers;
}

}  // namespace facebus::vision

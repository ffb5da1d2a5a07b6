#include "vision/kernels/convolution.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace facebus::vision {
namespace {

// Number of output channels that one call of a kernel computes.
constexpr std::size_t lanes = 16;

/// Arguments of a kernel: the cells to compute, and the inputs and weights to read for each of
/// them.
///
/// The window of a cell consists of `height` rows. Each row consists of `runs` runs of `taps`
/// consecutive floats. If the cells of the input have no added zero channels (see convolution.hpp),
/// a single run covers all cells in a row of the window. Otherwise there is one run per cell, which
/// excludes the added channels.
struct Work {
    const float* const* rows;  ///< input rows
    std::size_t height;        ///< number of input rows
    std::size_t runs;          ///< number of runs per row, `stride` apart
    std::size_t taps;          ///< floats per run
    std::size_t stride;        ///< floats from one input cell to the next
    std::size_t outputs;       ///< floats per output cell, and per row of weights
    const float* weights;      ///< one row of `outputs` floats per input of the window
    const float* bias;         ///< biases; used only by kernels with an activation
    const float* slope;        ///< slopes of the PReLU; used only by kernels with an activation
    std::size_t cell;          ///< first cell to compute
    float* out;                ///< output row
};

using Kernel = void (*)(const Work& work);

/// Kernel that computes `cells` cells per call.
struct SizedKernel {
    std::size_t cells;
    Kernel kernel;
};
/// Kernels for one set of instructions, in decreasing order of `cells`.
using Kernels = std::array<SizedKernel, 3>;

#define KERNELS "vision/kernels/convolution_kernels.inc"
#include "vision/kernels/vectors.inc"
#if defined(__x86_64__)
namespace by_sixteen {  // AVX-512, used only in this file
#define TARGET __attribute__((target("avx512f"))) static
typedef float Lanes __attribute__((vector_size(64)));
#include KERNELS
#undef TARGET
}  // namespace by_sixteen
#endif

/// Returns the kernels for the vector instructions. The binary contains all variants, because the
/// processor is known only at run time.
template <bool Activated>
const Kernels& kernels_for(Instructions instructions) {
#if defined(__x86_64__)
    if (instructions >= Instructions::avx512) return by_sixteen::kernels<Activated>;
    if (instructions == Instructions::avx2) return by_eight::kernels<Activated>;
#else
    static_cast<void>(instructions);
#endif
    return by_four::kernels<Activated>;
}

/// Computes a row of `width` cells with the largest kernel that computes at most `width` cells.
void run(const Kernels& kernels, Work work, std::size_t width) {
    std::size_t cell = 0;
    for (const auto& [cells, kernel] : kernels) {
        for (; cell + cells <= width; cell += cells) {
            work.cell = cell;
            kernel(work);
        }
        // Fewer cells are left than the kernel computes. If the row is long enough, let the kernel
        // compute the last cells of the row. It computes some cells a second time, which is faster
        // than computing the remaining cells with smaller kernels.
        if (cell < width && width >= cells) {
            work.cell = width - cells;
            kernel(work);
            cell = width;
        }
    }
}

std::size_t to_size(int value) {
    return static_cast<std::size_t>(value);
}

/// Element-wise maximum of vectors of 16 floats, kept in four registers. Every supported processor
/// has vectors of four floats, so pooling needs no variants.
class Maximum {
  public:
    explicit Maximum(const float* from)
        : a_(load(from)), b_(load(from + 4)), c_(load(from + 8)), d_(load(from + 12)) {}
    void add(const float* from) {
        a_ = larger(a_, load(from));
        b_ = larger(b_, load(from + 4));
        c_ = larger(c_, load(from + 8));
        d_ = larger(d_, load(from + 12));
    }
    void store(float* to) const {
        __builtin_memcpy(to, &a_, sizeof a_);
        __builtin_memcpy(to + 4, &b_, sizeof b_);
        __builtin_memcpy(to + 8, &c_, sizeof c_);
        __builtin_memcpy(to + 12, &d_, sizeof d_);
    }

  private:
    typedef float Four __attribute__((vector_size(16)));
    static Four load(const float* from) {
        Four value;
        __builtin_memcpy(&value, from, sizeof value);
        return value;
    }
    static Four larger(Four a, Four b) { return a < b ? b : a; }

    Four a_;
    Four b_;
    Four c_;
    Four d_;
};

}  // namespace

void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int stride, int width,
                  float* out, Instructions instructions) {
    // If the input has no added channels, all inputs in a row of the window are consecutive, and
    // form one run of size * inputs floats. Otherwise each cell of the window is a run.
    const bool consecutive = stride == layer.inputs;
    const std::size_t size = to_size(layer.size);
    for (std::size_t output = 0; output < to_size(layer.outputs); output += lanes) {
        run(kernels_for<true>(instructions),
            {.rows = rows,
             .height = size,
             .runs = consecutive ? 1 : size,
             .taps = to_size(layer.inputs) * (consecutive ? size : 1),
             .stride = to_size(stride),
             .outputs = to_size(layer.outputs),
             .weights = layer.weights.data() + output,
             .bias = layer.bias.data() + output,
             .slope = layer.slope.data() + output,
             .cell = 0,
             .out = out + output},
            to_size(width));
    }
}

void multiply(const float* weights, int inputs, int outputs, const float* in, int stride, int cells,
              float* out, Instructions instructions) {
    // A matrix product is a 1 x 1 convolution without an activation. Its cells are the rows of
    // `in`.
    for (std::size_t output = 0; output < to_size(outputs); output += lanes) {
        run(kernels_for<false>(instructions),
            {.rows = &in,
             .height = 1,
             .runs = 1,
             .taps = to_size(inputs),
             .stride = to_size(stride),
             .outputs = to_size(outputs),
             .weights = weights + output,
             .bias = nullptr,
             .slope = nullptr,
             .cell = 0,
             .out = out + output},
            to_size(cells));
    }
}

ConvolutionLayer::ConvolutionLayer(int side, int channels_in, int channels_out)
    : size(side),
      inputs(channels_in),
      channels(channels_out),
      outputs((channels_out + static_cast<int>(lanes) - 1) / static_cast<int>(lanes) *
              static_cast<int>(lanes)) {
    const auto width = static_cast<std::size_t>(outputs);
    weights.assign(static_cast<std::size_t>(size * size * inputs) * width, 0);
    bias.assign(width, 0);
    slope.assign(width, 1);
}

ConvolutionLayer::ConvolutionLayer(int side, int channels_in, int channels_out,
                                   const OnnxWeights& file, const std::string& name,
                                   const std::string& prelu)
    : ConvolutionLayer(side, channels_in, channels_out) {
    for (int i = 0; i < channels; ++i) add_convolution(file, name, channels, i, i);
    std::ranges::copy(file.get(prelu, static_cast<std::size_t>(channels)), slope.begin());
}

void ConvolutionLayer::add_convolution(const OnnxWeights& file, const std::string& name, int of,
                                       int from, int to, float factor) {
    const int area = size * size;
    const auto& kernel =
        file.get(name + "/kernel:0", to_size(of) * to_size(inputs) * to_size(area));
    const auto& biases = file.get(name + "/bias:0", static_cast<std::size_t>(of));
    for (int input = 0; input < inputs; ++input) {
        for (int position = 0; position < area; ++position) {
            const auto value =
                kernel[(to_size(from) * to_size(inputs) + to_size(input)) * to_size(area) +
                       to_size(position)];
            // The networks were trained on transposed RGB images. Transpose the weights once, and
            // swap red and blue in the first layer, so that images need not be converted.
            const int transposed = position % size * size + position / size;
            const int channel = inputs == 3 ? 2 - input : input;
            weights[(to_size(transposed) * to_size(inputs) + to_size(channel)) * to_size(outputs) +
                    to_size(to)] += factor * value;
        }
    }
    bias[static_cast<std::size_t>(to)] += factor * biases[static_cast<std::size_t>(from)];
}

void ConvolutionLayer::add_dense(const OnnxWeights& file, const std::string& name, int of, int from,
                                 int to, float factor) {
    const auto& kernel = file.get(name + "/kernel:0", to_size(inputs) * to_size(of));
    const auto& biases = file.get(name + "/bias:0", static_cast<std::size_t>(of));
    for (int input = 0; input < inputs; ++input) {
        weights[to_size(input) * to_size(outputs) + to_size(to)] +=
            factor * kernel[to_size(input) * to_size(of) + to_size(from)];
    }
    bias[static_cast<std::size_t>(to)] += factor * biases[static_cast<std::size_t>(from)];
}

void pool_row(const float* const* rows, int count, int window, int width, int channels,
              int out_width, float* out) {
    const auto stride = to_size(channels);
    for (std::size_t x = 0; x < to_size(out_width); ++x, out += stride) {
        const auto end = std::min(2 * x + to_size(window), to_size(width));
        // Process 16 channels at a time, so that their maximum over the window stays in registers.
        for (std::size_t c = 0; c < stride; c += lanes) {
            Maximum maximum(rows[0] + 2 * x * stride + c);
            for (std::size_t row = 0; row < to_size(count); ++row) {
                for (auto from = 2 * x; from < end; ++from) {
                    maximum.add(rows[row] + from * stride + c);
                }
            }
            maximum.store(out + c);
        }
    }
}

}  // namespace facebus::vision

#include "vision/kernels/convolution.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace facebus::vision {
namespace {

// Channels that a kernel works on at once.
constexpr std::size_t lanes = 16;

/// What a kernel goes through for each cell, and where it begins: `Cells` neighbouring cells and 16
/// of their outputs.
struct Work {
    const float* const* rows;
    std::size_t height;   ///< rows
    std::size_t runs;     ///< places of a row where inputs begin, `stride` apart
    std::size_t taps;     ///< inputs one behind the other in a run
    std::size_t stride;   ///< from one cell to the next, of the inputs
    std::size_t outputs;  ///< from one cell to the next, of the outputs
    const float* weights;
    const float* bias;   ///< where there is an activation
    const float* slope;  ///< the same
    std::size_t cell;
    float* out;
};

using Kernel = void (*)(const Work& work);

/// The kernels for different numbers of cells, the most first.
struct Sized {
    std::size_t cells;
    Kernel kernel;
};
using Kernels = std::array<Sized, 3>;

#define KERNELS "vision/kernels/convolution_kernels.inc"
#include "vision/kernels/vectors.inc"
#if defined(__x86_64__)
namespace by_sixteen {
#define TARGET __attribute__((target("avx512f"))) static
typedef float Lanes __attribute__((vector_size(64)));
#include KERNELS
#undef TARGET
}  // namespace by_sixteen
#endif

template <bool Activated>
const Kernels& kernels(Instructions instructions) {
#if defined(__x86_64__)
    if (instructions >= Instructions::avx512) return by_sixteen::kernels<Activated>;
    if (instructions == Instructions::avx2) return by_eight::kernels<Activated>;
#else
    static_cast<void>(instructions);
#endif
    return by_four::kernels<Activated>;
}

void run(const Kernels& kernels, Work work, std::size_t width) {
    std::size_t cell = 0;
    for (const auto& [cells, kernel] : kernels) {
        for (; cell + cells <= width; cell += cells) {
            work.cell = cell;
            kernel(work);
        }
        // The last ones once more with some that are done, rather than one by one.
        if (cell < width && width >= cells) {
            work.cell = width - cells;
            kernel(work);
            cell = width;
        }
    }
}

/// A place or a count.
std::size_t number(int value) {
    return static_cast<std::size_t>(value);
}

/// The largest of 16 neighbouring numbers each.
class Best {
  public:
    explicit Best(const float* from)
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
    const bool whole = stride == layer.inputs;
    const std::size_t size = number(layer.size);
    for (std::size_t output = 0; output < number(layer.outputs); output += lanes) {
        run(kernels<true>(instructions),
            {.rows = rows,
             .height = size,
             .runs = whole ? 1 : size,
             .taps = number(layer.inputs) * (whole ? size : 1),
             .stride = number(stride),
             .outputs = number(layer.outputs),
             .weights = layer.weights.data() + output,
             .bias = layer.bias.data() + output,
             .slope = layer.slope.data() + output,
             .cell = 0,
             .out = out + output},
            number(width));
    }
}

void multiply(const float* weights, int inputs, int outputs, const float* in, int stride, int cells,
              float* out, Instructions instructions) {
    for (std::size_t output = 0; output < number(outputs); output += lanes) {
        run(kernels<false>(instructions),
            {.rows = &in,
             .height = 1,
             .runs = 1,
             .taps = number(inputs),
             .stride = number(stride),
             .outputs = number(outputs),
             .weights = weights + output,
             .bias = nullptr,
             .slope = nullptr,
             .cell = 0,
             .out = out + output},
            number(cells));
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
    const auto& kernel = file.get(name + "/kernel:0", number(of) * number(inputs) * number(area));
    const auto& biases = file.get(name + "/bias:0", static_cast<std::size_t>(of));
    for (int input = 0; input < inputs; ++input) {
        for (int place = 0; place < area; ++place) {
            const auto value =
                kernel[(number(from) * number(inputs) + number(input)) * number(area) +
                       number(place)];
            // The networks were trained on pictures with the axes swapped, in RGB; ours are upright
            // and BGR.
            const int upright = place % size * size + place / size;
            const int channel = inputs == 3 ? 2 - input : input;
            weights[(number(upright) * number(inputs) + number(channel)) * number(outputs) +
                    number(to)] += factor * value;
        }
    }
    bias[static_cast<std::size_t>(to)] += factor * biases[static_cast<std::size_t>(from)];
}

void ConvolutionLayer::add_dense(const OnnxWeights& file, const std::string& name, int of, int from,
                                 int to, float factor) {
    const auto& kernel = file.get(name + "/kernel:0", number(inputs) * number(of));
    const auto& biases = file.get(name + "/bias:0", static_cast<std::size_t>(of));
    for (int input = 0; input < inputs; ++input) {
        weights[number(input) * number(outputs) + number(to)] +=
            factor * kernel[number(input) * number(of) + number(from)];
    }
    bias[static_cast<std::size_t>(to)] += factor * biases[static_cast<std::size_t>(from)];
}

void pool_row(const float* const* rows, int count, int window, int width, int channels,
              int out_width, float* out) {
    const auto stride = number(channels);
    for (std::size_t x = 0; x < number(out_width); ++x, out += stride) {
        const auto end = std::min(2 * x + number(window), number(width));
        for (std::size_t c = 0; c < stride; c += lanes) {
            Best best(rows[0] + 2 * x * stride + c);
            for (std::size_t row = 0; row < number(count); ++row) {
                for (auto from = 2 * x; from < end; ++from) best.add(rows[row] + from * stride + c);
            }
            best.store(out + c);
        }
    }
}

}  // namespace facebus::vision

#include "vision/convolution.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facebus::vision {
namespace {

// Channels that a kernel works on at once.
constexpr std::size_t lanes = 16;

/// Where a kernel begins: `Cells` neighbouring cells and 16 of their outputs.
struct Place {
    const ConvolutionLayer& layer;
    const float* const* rows;
    std::size_t cell;
    std::size_t output;
    float* out;
};

using Kernel = void (*)(const Place& place);

// Each kernel keeps Cells x 16 sums in registers and goes through the inputs once. The inputs of a
// cell in a row lie one behind the other, those of the next cell `inputs` further.

template <std::size_t Cells>
void plain(const Place& place) {
    typedef float Four __attribute__((vector_size(16)));
    const auto& layer = place.layer;
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const auto taps = static_cast<std::size_t>(layer.size) * inputs;
    constexpr std::size_t parts = lanes / 4;
    Four sums[Cells][parts];
    for (std::size_t part = 0; part < parts; ++part) {
        Four bias;
        __builtin_memcpy(&bias, &layer.bias[place.output + 4 * part], sizeof bias);
        for (auto& sum : sums) sum[part] = bias;
    }
    const float* weights = layer.weights.data() + place.output;
    for (int r = 0; r < layer.size; ++r) {
        const float* in = place.rows[r] + place.cell * inputs;
        for (std::size_t tap = 0; tap < taps; ++tap) {
#pragma GCC unroll 4
            for (std::size_t part = 0; part < parts; ++part) {
                Four weight;
                __builtin_memcpy(&weight, weights + 4 * part, sizeof weight);
#pragma GCC unroll 4
                for (std::size_t c = 0; c < Cells; ++c) {
                    sums[c][part] += weight * in[c * inputs + tap];
                }
            }
            weights += outputs;
        }
    }
    for (std::size_t c = 0; c < Cells; ++c) {
        float* out = place.out + (place.cell + c) * outputs + place.output;
        for (std::size_t i = 0; i < lanes; ++i) {
            const float value = sums[c][i / 4][i % 4];
            out[i] = value < 0 ? value * layer.slope[place.output + i] : value;
        }
    }
}

#if defined(__x86_64__)

template <std::size_t Cells>
__attribute__((target("avx2,fma"))) void avx2(const Place& place) {
    const auto& layer = place.layer;
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const auto taps = static_cast<std::size_t>(layer.size) * inputs;
    __m256 low[Cells];
    __m256 high[Cells];
#pragma GCC unroll 6
    for (std::size_t c = 0; c < Cells; ++c) {
        low[c] = _mm256_loadu_ps(layer.bias.data() + place.output);
        high[c] = _mm256_loadu_ps(layer.bias.data() + place.output + 8);
    }
    const float* weights = layer.weights.data() + place.output;
    for (int r = 0; r < layer.size; ++r) {
        const float* in = place.rows[r] + place.cell * inputs;
        for (std::size_t tap = 0; tap < taps; ++tap) {
            const auto weight_low = _mm256_loadu_ps(weights);
            const auto weight_high = _mm256_loadu_ps(weights + 8);
#pragma GCC unroll 6
            for (std::size_t c = 0; c < Cells; ++c) {
                const auto value = _mm256_broadcast_ss(in + c * inputs + tap);
                low[c] = _mm256_fmadd_ps(weight_low, value, low[c]);
                high[c] = _mm256_fmadd_ps(weight_high, value, high[c]);
            }
            weights += outputs;
        }
    }
    const auto zero = _mm256_setzero_ps();
    const auto slope_low = _mm256_loadu_ps(layer.slope.data() + place.output);
    const auto slope_high = _mm256_loadu_ps(layer.slope.data() + place.output + 8);
#pragma GCC unroll 6
    for (std::size_t c = 0; c < Cells; ++c) {
        float* out = place.out + (place.cell + c) * outputs + place.output;
        _mm256_storeu_ps(out, _mm256_fmadd_ps(_mm256_min_ps(low[c], zero), slope_low,
                                              _mm256_max_ps(low[c], zero)));
        _mm256_storeu_ps(out + 8, _mm256_fmadd_ps(_mm256_min_ps(high[c], zero), slope_high,
                                                  _mm256_max_ps(high[c], zero)));
    }
}

template <std::size_t Cells>
__attribute__((target("avx512f"))) void avx512(const Place& place) {
    const auto& layer = place.layer;
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    const auto taps = static_cast<std::size_t>(layer.size) * inputs;
    __m512 sums[Cells];
#pragma GCC unroll 12
    for (std::size_t c = 0; c < Cells; ++c) {
        sums[c] = _mm512_loadu_ps(layer.bias.data() + place.output);
    }
    const float* weights = layer.weights.data() + place.output;
    for (int r = 0; r < layer.size; ++r) {
        const float* in = place.rows[r] + place.cell * inputs;
        for (std::size_t tap = 0; tap < taps; ++tap) {
            const auto weight = _mm512_loadu_ps(weights);
#pragma GCC unroll 12
            for (std::size_t c = 0; c < Cells; ++c) {
                sums[c] = _mm512_fmadd_ps(weight, _mm512_set1_ps(in[c * inputs + tap]), sums[c]);
            }
            weights += outputs;
        }
    }
    const auto zero = _mm512_setzero_ps();
    const auto slope = _mm512_loadu_ps(layer.slope.data() + place.output);
#pragma GCC unroll 12
    for (std::size_t c = 0; c < Cells; ++c) {
        _mm512_storeu_ps(
            place.out + (place.cell + c) * outputs + place.output,
            _mm512_fmadd_ps(_mm512_min_ps(sums[c], zero), slope, _mm512_max_ps(sums[c], zero)));
    }
}

#endif

/// One kind of instructions: kernels for as many cells as fit the registers, for fewer, and for
/// one.
struct Instructions {
    struct Sized {
        std::size_t cells;
        Kernel kernel;
    };
    std::string name;
    std::array<Sized, 3> kernels;
};

const std::vector<Instructions>& all_instructions() {
    static const std::vector<Instructions> all = [] {
        std::vector<Instructions> found;
#if defined(__x86_64__)
        if (__builtin_cpu_supports("avx512f") != 0) {
            found.push_back({"avx512", {{{12, avx512<12>}, {4, avx512<4>}, {1, avx512<1>}}}});
        }
        if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
            found.push_back({"avx2", {{{6, avx2<6>}, {3, avx2<3>}, {1, avx2<1>}}}});
        }
#endif
        found.push_back({"plain", {{{3, plain<3>}, {2, plain<2>}, {1, plain<1>}}}});
        return found;
    }();
    return all;
}

void run(const Instructions& instructions, const ConvolutionLayer& layer, const float* const* rows,
         std::size_t width, float* out) {
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    for (std::size_t output = 0; output < outputs; output += lanes) {
        std::size_t cell = 0;
        for (const auto& [cells, kernel] : instructions.kernels) {
            for (; cell + cells <= width; cell += cells) kernel({layer, rows, cell, output, out});
            // The last ones once more with some that are done, rather than one by one.
            if (cell < width && width >= cells) {
                kernel({layer, rows, width - cells, output, out});
                cell = width;
            }
        }
    }
}

/// A place or a count.
std::size_t number(int value) {
    return static_cast<std::size_t>(value);
}

/// Both are different memory, which lets the compiler use vector instructions.
void take_larger(float* __restrict out, const float* __restrict in, int channels) {
    for (int c = 0; c < channels; ++c) out[c] = out[c] < in[c] ? in[c] : out[c];
}

}  // namespace

void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int width, float* out) {
    run(all_instructions().front(), layer, rows, static_cast<std::size_t>(width), out);
}

std::vector<std::string> convolution_instructions() {
    std::vector<std::string> names;
    for (const auto& each : all_instructions()) names.push_back(each.name);
    return names;
}

void convolve_row_with(const std::string& instructions, const ConvolutionLayer& layer,
                       const float* const* rows, int width, float* out) {
    const auto found = std::ranges::find(all_instructions(), instructions, &Instructions::name);
    if (found != all_instructions().end()) {
        run(*found, layer, rows, static_cast<std::size_t>(width), out);
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
            weights[(number(place) * number(inputs) + number(input)) * number(outputs) +
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

void pool_row(const float* const* rows, int count, int window, int width, int stride, int channels,
              int out_width, float* out) {
    for (int x = 0; x < out_width; ++x, out += channels) {
        const int end = std::min(2 * x + window, width);
        std::copy_n(rows[0] + 2 * std::ptrdiff_t{x} * stride, channels, out);
        for (int row = 0; row < count; ++row) {
            for (int from = 2 * x; from < end; ++from) {
                take_larger(out, rows[row] + std::ptrdiff_t{from} * stride, channels);
            }
        }
    }
}

}  // namespace facebus::vision

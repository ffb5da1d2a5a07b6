// Compares the convolution kernels with direct sums, for all supported instruction sets, and the
// pooling kernel with direct maxima.
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "vision/kernels/convolution.hpp"
#include "vision/kernels/winograd.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

/// Returns random numbers with a normal distribution.
std::vector<float> numbers(std::size_t count) {
    static std::mt19937 random(1);
    static std::normal_distribution<float> normal;
    std::vector<float> out(count);
    for (auto& value : out) value = normal(random);
    return out;
}

/// Returns a layer of 3 x 3 windows with random weights, biases and slopes.
ConvolutionLayer random_layer(int inputs, int outputs) {
    ConvolutionLayer layer(3, inputs, outputs);
    const auto size = layer.bias.size();
    layer.weights = numbers(9 * static_cast<std::size_t>(inputs) * size);
    for (auto& weight : layer.weights) weight /= 4;
    layer.bias = numbers(size);
    layer.slope = numbers(size);
    return layer;
}

/// Map of random numbers; see convolution.hpp.
struct Map {
    std::size_t width;
    std::size_t stride;
    std::vector<float> cells;
    std::vector<float*> rows;

    Map(int cells_down, int cells_across, int floats_per_cell)
        : width(static_cast<std::size_t>(cells_across)),
          stride(static_cast<std::size_t>(floats_per_cell)),
          cells(numbers(static_cast<std::size_t>(cells_down) * width * stride)) {
        for (int y = 0; y < cells_down; ++y) {
            rows.push_back(cells.data() + static_cast<std::size_t>(y) * width * stride);
        }
    }
};

/// Returns the channel `output` of the output cell (x, y), computed as a direct sum.
double expected(const ConvolutionLayer& layer, const Map& map, std::size_t y, std::size_t x,
                std::size_t output) {
    const auto inputs = static_cast<std::size_t>(layer.inputs);
    const auto outputs = static_cast<std::size_t>(layer.outputs);
    double sum = double{layer.bias[output]};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            for (std::size_t input = 0; input < inputs; ++input) {
                const auto tap = (row * 3 + column) * inputs + input;
                sum += double{map.rows[y + row][(x + column) * map.stride + input]} *
                       double{layer.weights[tap * outputs + output]};
            }
        }
    }
    return sum < 0 ? sum * double{layer.slope[output]} : sum;
}

/// Returns the largest difference between `out` and the expected values.
double worst_difference(const ConvolutionLayer& layer, const Map& in, const Map& out) {
    double worst = 0;
    for (std::size_t y = 0; y < out.rows.size(); ++y) {
        for (std::size_t x = 0; x < out.width; ++x) {
            for (std::size_t output = 0; output < out.stride; ++output) {
                const double got = double{out.rows[y][x * out.stride + output]};
                worst = std::max(worst, std::abs(got - expected(layer, in, y, x, output)));
            }
        }
    }
    return worst;
}

}  // namespace

BOOST_AUTO_TEST_CASE(convolves_rows_of_various_widths_with_and_without_padded_channels) {
    for (const int stride : {10, 16}) {
        const auto layer = random_layer(10, 32);
        for (int width = 1; width < 30; ++width) {
            const Map in(3, width + 2, stride);
            for (const auto instructions : supported_instructions()) {
                Map out(1, width, layer.outputs);
                convolve_row(layer, in.rows.data(), stride, width, out.rows[0], instructions);
                const auto worst = worst_difference(layer, in, out);
                BOOST_TEST(worst < 1e-5, name_of(instructions)
                                             << ", width " << width << ", " << stride
                                             << " floats per cell: differs by " << worst);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(winograd_agrees_with_direct_sums_on_maps_of_various_sizes) {
    for (const int tile : {3, 4}) {
        // 10 channels, padded to 16 as in P-Net, and 32 channels, which need no padding.
        for (const int inputs : {10, 32}) {
            WinogradLayer layer(random_layer(inputs, 48), tile);
            for (const auto& [height, width] : std::vector<std::array<int, 2>>{{1, 1},
                                                                               {2, 9},
                                                                               {9, 2},
                                                                               {3, 3},
                                                                               {4, 4},
                                                                               {5, 7},
                                                                               {8, 8},
                                                                               {9, 9},
                                                                               {4, 131},
                                                                               {21, 21}}) {
                const Map in(height + 2, width + 2, inputs == 10 ? 16 : inputs);
                for (const auto instructions : supported_instructions()) {
                    Map out(height, width, layer.layer().outputs);
                    layer.run(in.rows.data(), static_cast<int>(in.stride), height, width,
                              out.rows.data(), instructions);
                    const auto worst = worst_difference(layer.layer(), in, out);
                    BOOST_TEST(worst < 5e-4, name_of(instructions)
                                                 << ", tiles of " << tile << " x " << tile
                                                 << ", map of " << height << " x " << width
                                                 << ": differs by " << worst);
                }
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(pools_the_maximum_of_the_cells_in_each_window) {
    for (const int window : {2, 3}) {
        for (int width = window; width < 12; ++width) {
            const Map in(window, width, 32);
            const int pooled = (width + 1) / 2;
            Map out(1, pooled, 32);
            pool_row(in.rows.data(), window, window, width, 32, pooled, out.rows[0]);
            bool correct = true;
            for (int x = 0; x < pooled; ++x) {
                for (std::size_t c = 0; c < 32; ++c) {
                    float best = -1000;
                    for (const float* row : in.rows) {
                        for (int from = 2 * x; from < std::min(2 * x + window, width); ++from) {
                            best = std::max(best, row[static_cast<std::size_t>(from) * 32 + c]);
                        }
                    }
                    correct &= best == out.rows[0][static_cast<std::size_t>(x) * 32 + c];
                }
            }
            BOOST_TEST(correct, "window of " << window << " x " << window << ", width " << width);
        }
    }
}

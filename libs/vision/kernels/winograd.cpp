// Winograd's method, first in one dimension. From three weights a, b, c and tile + 2 inputs,
// compute `tile` neighbouring outputs. The direct way takes 3 * tile multiplications.
//
// The method is derived from a fast way to multiply two polynomials: evaluate both at enough
// points, multiply the two values at each point, and interpolate the product from these values.
// This takes one multiplication per point instead of one per pair of coefficients.
//
// Let the first polynomial be a + b x + c x^2, and let the second have `tile` coefficients. For
// given weights, their product is a linear function of these coefficients. The convolution with the
// weights is the transpose of that function. Its steps are therefore transposed, and their order is
// reversed:
// - Weight transform: evaluate a + b x + c x^2 at tile + 2 points.
// - Input transform: apply the transposed interpolation to the inputs.
// - Multiply the transformed weights by the transformed inputs, with one multiplication per point.
// - Output transform: apply the transposed evaluation to the products.
//
//     outputs = output transform (weight transform (weights) * input transform (inputs))
//
// where * multiplies element by element. The points are 0, 1, -1, 2, infinity for tile 3, and
// 0, 1, -1, 2, -2, infinity for tile 4. With these points, all constants are small.
//
// In two dimensions, each transform is applied along both axes. Per pair of an input and an output
// channel, a tile of 4 x 4 outputs thus takes 6 x 6 = 36 multiplications instead of 9 x 16 = 144.
//
// The transforms cost additions, so each is computed as rarely as possible:
// - The weights are transformed once, when the layer is loaded.
// - The inputs of a tile are transformed once for all output channels.
// - The output transform is linear, so the products are added up over the input channels before it.
//   For each of the (tile + 2)^2 positions, this sum is a matrix product: multiply() multiplies a
//   matrix of tiles x inputs by a matrix of inputs x outputs.
#include "vision/kernels/winograd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace facebus::vision {
namespace {

// Number of tiles that are processed together, chosen so that their transformed inputs and products
// (at most 432 KiB, in O-Net) fit into the second-level cache.
constexpr std::size_t chunk = 24;

std::size_t to_size(int value) {
    return static_cast<std::size_t>(value);
}

/// Range of consecutive tiles of the output map. The tiles of a map are numbered row by row. The
/// last tile of a row or column is aligned with the end of the map. It overlaps the previous tile
/// if the size of the map is not a multiple of the size of a tile.
struct Tiles {
    std::size_t first;   ///< number of the first tile
    std::size_t count;   ///< number of tiles in the range
    std::size_t across;  ///< number of tiles per row of tiles
    std::size_t tile;    ///< side of a tile in cells
    std::size_t height;  ///< height of the map in cells
    std::size_t width;   ///< width of the map in cells

    /// Returns the row and the column at which tile `first + i` begins.
    [[nodiscard]] std::pair<std::size_t, std::size_t> origin(std::size_t i) const {
        const auto index = first + i;
        return {std::min(index / across * tile, height - tile),
                std::min(index % across * tile, width - tile)};
    }
};

/// Input and output transform for one tile size and one vector width.
struct Transforms {
    void (*inputs)(const Tiles& tiles, const float* const* rows, std::size_t stride, float* out);
    void (*outputs)(const Tiles& tiles, const float* in, const ConvolutionLayer& layer,
                    float* const* rows);
};

#define KERNELS "vision/kernels/winograd_kernels.inc"
#include "vision/kernels/vectors.inc"

Transforms transforms_for(int tile, Instructions instructions) {
#if defined(__x86_64__)
    if (instructions != Instructions::plain) {
        return tile == 4 ? by_eight::transforms<4> : by_eight::transforms<3>;
    }
#else
    static_cast<void>(instructions);
#endif
    return tile == 4 ? by_four::transforms<4> : by_four::transforms<3>;
}

/// Weight transform in one dimension: returns the tile + 2 factors for the weights a, b, c. These
/// are the values of a + b x + c x^2 at the points, divided by the denominators of the
/// interpolation. The last factor, for the point at infinity, is c. For tile 3, the sixth element
/// of the array is unused.
std::array<double, 6> transform_weights(int tile, double a, double b, double c) {
    if (tile == 4) {
        return {a / 4,
                -(a + b + c) / 6,
                -(a - b + c) / 6,
                a / 24 + b / 12 + c / 6,
                a / 24 - b / 12 + c / 6,
                c};
    }
    return {a / 2, -(a + b + c) / 2, -(a - b + c) / 6, a / 6 + b / 3 + 2 * c / 3, c, 0};
}

}  // namespace

WinogradLayer::WinogradLayer(ConvolutionLayer layer, int tile)
    : layer_(std::move(layer)), tile_(tile) {
    const std::size_t side = to_size(tile) + 2;
    const auto outputs = to_size(layer_.outputs);
    const auto size = to_size(layer_.inputs) * outputs;
    weights_.resize(side * side * size);
    // For each pair of an input and an output channel, transform the 3 x 3 weights: first each row,
    // then each column of the result.
    for (std::size_t i = 0; i < size; ++i) {
        const auto weight = [&](std::size_t row, std::size_t column) {
            return double{layer_.weights[(row * 3 + column) * size + i]};
        };
        std::array<std::array<double, 6>, 3> rows{};
        for (std::size_t row = 0; row < 3; ++row) {
            rows[row] = transform_weights(tile, weight(row, 0), weight(row, 1), weight(row, 2));
        }
        for (std::size_t column = 0; column < side; ++column) {
            const auto all =
                transform_weights(tile, rows[0][column], rows[1][column], rows[2][column]);
            for (std::size_t row = 0; row < side; ++row) {
                weights_[(row * side + column) * size + i] = static_cast<float>(all[row]);
            }
        }
    }
}

void WinogradLayer::run(const float* const* rows, int stride, int height, int width,
                        float* const* out, Instructions instructions) const {
    if (height < tile_ || width < tile_) {
        for (int row = 0; row < height; ++row) {
            convolve_row(layer_, rows + row, stride, width, out[row], instructions);
        }
        return;
    }
    const auto tile = to_size(tile_);
    const auto across = (to_size(width) + tile - 1) / tile;
    const auto all = across * ((to_size(height) + tile - 1) / tile);
    const std::size_t positions = (tile + 2) * (tile + 2);
    const auto inputs = to_size(stride);
    const auto outputs = to_size(layer_.outputs);
    // The buffers contain one matrix per position: tiles x stride before the product, tiles x
    // outputs after it. Each thread reuses its buffers in all calls, to avoid allocating and
    // clearing them.
    thread_local std::vector<float> transformed;
    thread_local std::vector<float> multiplied;
    transformed.resize(std::max(transformed.size(), positions * chunk * inputs));
    multiplied.resize(std::max(multiplied.size(), positions * chunk * outputs));
    const Transforms transforms = transforms_for(tile_, instructions);
    for (std::size_t first = 0; first < all; first += chunk) {
        const Tiles tiles{.first = first,
                          .count = std::min(chunk, all - first),
                          .across = across,
                          .tile = tile,
                          .height = to_size(height),
                          .width = to_size(width)};
        transforms.inputs(tiles, rows, inputs, transformed.data());
        for (std::size_t i = 0; i < positions; ++i) {
            multiply(weights_.data() + i * to_size(layer_.inputs) * outputs, layer_.inputs,
                     layer_.outputs, transformed.data() + i * tiles.count * inputs, stride,
                     static_cast<int>(tiles.count), multiplied.data() + i * tiles.count * outputs,
                     instructions);
        }
        transforms.outputs(tiles, multiplied.data(), layer_, out);
    }
}

}  // namespace facebus::vision

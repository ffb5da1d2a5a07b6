#include "vision/kernels/winograd.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace facebus::vision {
namespace {

// Tiles that are worked on together: as many as leave inputs and products in the second cache.
constexpr std::size_t chunk = 24;

std::size_t number(int value) {
    return static_cast<std::size_t>(value);
}

/// Some of the tiles of a map, counted row by row. The last of a row and of a column end with the
/// map, and so cover some cells once more.
struct Tiles {
    std::size_t first;
    std::size_t count;
    std::size_t across;  ///< tiles in a row
    std::size_t tile;
    std::size_t height;
    std::size_t width;

    /// Row and cell where the tile `first + i` begins.
    [[nodiscard]] std::pair<std::size_t, std::size_t> place(std::size_t i) const {
        const auto index = first + i;
        return {std::min(index / across * tile, height - tile),
                std::min(index % across * tile, width - tile)};
    }
};

/// What a tile goes through before and after the products.
struct Steps {
    void (*spread)(const Tiles& tiles, const float* const* rows, std::size_t stride, float* out);
    void (*fold)(const Tiles& tiles, const float* in, const ConvolutionLayer& layer,
                 float* const* rows);
};

#define KERNELS "vision/kernels/winograd_kernels.inc"
#include "vision/kernels/vectors.inc"

Steps steps_for(int tile, Instructions instructions) {
#if defined(__x86_64__)
    if (instructions != Instructions::plain) {
        return tile == 4 ? by_eight::steps<4> : by_eight::steps<3>;
    }
#else
    static_cast<void>(instructions);
#endif
    return tile == 4 ? by_four::steps<4> : by_four::steps<3>;
}

/// The 3 weights of a row or column as tile + 2 factors.
std::array<double, 6> factors(int tile, double a, double b, double c) {
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
    const std::size_t side = number(tile) + 2;
    const auto outputs = number(layer_.outputs);
    const auto size = number(layer_.inputs) * outputs;
    weights_.resize(side * side * size);
    for (std::size_t i = 0; i < size; ++i) {
        const auto weight = [&](std::size_t row, std::size_t column) {
            return double{layer_.weights[(row * 3 + column) * size + i]};
        };
        std::array<std::array<double, 6>, 3> rows{};
        for (std::size_t row = 0; row < 3; ++row) {
            rows[row] = factors(tile, weight(row, 0), weight(row, 1), weight(row, 2));
        }
        for (std::size_t column = 0; column < side; ++column) {
            const auto all = factors(tile, rows[0][column], rows[1][column], rows[2][column]);
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
    const auto tile = number(tile_);
    const auto across = (number(width) + tile - 1) / tile;
    const auto all = across * ((number(height) + tile - 1) / tile);
    const std::size_t products = (tile + 2) * (tile + 2);
    const auto inputs = number(stride);
    const auto outputs = number(layer_.outputs);
    // Kept from one call to the next: (tile + 2)^2 matrices of tiles x stride, and of tiles x
    // outputs.
    thread_local std::vector<float> spreaded;
    thread_local std::vector<float> multiplied;
    spreaded.resize(std::max(spreaded.size(), products * chunk * inputs));
    multiplied.resize(std::max(multiplied.size(), products * chunk * outputs));
    const Steps steps = steps_for(tile_, instructions);
    for (std::size_t first = 0; first < all; first += chunk) {
        const Tiles tiles{.first = first,
                          .count = std::min(chunk, all - first),
                          .across = across,
                          .tile = tile,
                          .height = number(height),
                          .width = number(width)};
        steps.spread(tiles, rows, inputs, spreaded.data());
        for (std::size_t i = 0; i < products; ++i) {
            multiply(weights_.data() + i * number(layer_.inputs) * outputs, layer_.inputs,
                     layer_.outputs, spreaded.data() + i * tiles.count * inputs, stride,
                     static_cast<int>(tiles.count), multiplied.data() + i * tiles.count * outputs,
                     instructions);
        }
        steps.fold(tiles, multiplied.data(), layer_, out);
    }
}

}  // namespace facebus::vision

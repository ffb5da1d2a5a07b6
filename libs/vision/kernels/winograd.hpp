// Private to libs/vision: 3 x 3 convolutions with fewer multiplications.
#pragma once

#include <vector>

#include "base/instructions.hpp"
#include "vision/kernels/convolution.hpp"

namespace facebus::vision {

/// A 3 x 3 convolution and PReLU by Winograd's method (S. Winograd, Arithmetic Complexity of
/// Computations, 1980): tiles of 3 x 3 or 4 x 4 outputs take 2.8 or 2.3 multiplications an output,
/// input and channel instead of 9, and the same numbers come out to some 1e-6. Maps as in
/// convolution.hpp, of at least a tile; smaller ones are convolved as they stand. Thread-safe.
class WinogradLayer {
  public:
    /// `tile`: 3 or 4.
    WinogradLayer(ConvolutionLayer layer, int tile);

    [[nodiscard]] const ConvolutionLayer& layer() const { return layer_; }

    /// How many rows to ask for at a time where a map of `height` rows is made piece by piece.
    [[nodiscard]] int rows_at_once(int height) const { return height < tile_ ? 1 : tile_; }

    /// `height` rows of `width` cells into the rows of `out`, from height + 2 rows of width + 2.
    void run(const float* const* rows, int stride, int height, int width, float* const* out,
             Instructions instructions = best_instructions()) const;

  private:
    ConvolutionLayer layer_;
    int tile_;
    std::vector<float> weights_;  ///< (tile + 2)^2 matrices of inputs x outputs
};

}  // namespace facebus::vision

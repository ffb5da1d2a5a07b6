// Private to libs/vision: 3 x 3 convolutions with fewer multiplications.
#pragma once

#include <vector>

#include "base/instructions.hpp"
#include "vision/kernels/convolution.hpp"

namespace facebus::vision {

/// Convolution of 3 x 3 and PReLU by Winograd's method (S. Winograd, Arithmetic Complexity of
/// Computations, 1980; the method is explained in winograd.cpp). Computes tiles of 3 x 3 or 4 x 4
/// outputs with 2.8 or 2.3 multiplications per output, input and channel instead of 9. Results
/// equal those of convolve_row() to some 1e-6. Maps have the layout described in convolution.hpp;
/// maps smaller than a tile are convolved directly. Thread-safe.
class WinogradLayer {
  public:
    /// Transforms the weights of `layer`. Requires: `layer` has size 3; `tile` is 3 or 4.
    WinogradLayer(ConvolutionLayer layer, int tile);

    [[nodiscard]] const ConvolutionLayer& layer() const { return layer_; }

    /// Returns how many rows to request per call of run() if a map of `height` rows is computed
    /// piece by piece.
    [[nodiscard]] int rows_at_once(int height) const { return height < tile_ ? 1 : tile_; }

    /// Computes `height` rows of `width` cells from height + 2 rows of width + 2 cells, and writes
    /// them to the rows `out`.
    void run(const float* const* rows, int stride, int height, int width, float* const* out,
             Instructions instructions = best_instructions()) const;

  private:
    ConvolutionLayer layer_;
    int tile_;
    std::vector<float> weights_;  ///< (tile + 2)^2 matrices of inputs x outputs
};

}  // namespace facebus::vision

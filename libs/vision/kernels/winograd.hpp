// Private to libs/vision: 3 x 3 convolutions by Winograd's method, which needs fewer
// multiplications than the direct computation.
#pragma once

#include <vector>

#include "base/instructions.hpp"
#include "vision/kernels/convolution.hpp"

namespace facebus::vision {

/// 3 x 3 convolution followed by PReLU, by Winograd's method (S. Winograd, Arithmetic Complexity of
/// Computations, 1980; explained in winograd.cpp). Computes tiles of 3 x 3 or 4 x 4 outputs. Per
/// output cell, and per pair of an input and an output channel, this takes 2.8 multiplications for
/// 3 x 3 tiles and 2.3 for 4 x 4 tiles, instead of 9. Results differ from those of convolve_row()
/// only by rounding errors. Outputs with fewer rows or columns than a tile are computed directly.
/// For the layout of maps see convolution.hpp. Thread-safe.
class WinogradLayer {
  public:
    /// Transforms the weights of `layer`. Requires: `layer` has size 3; `tile` is 3 or 4.
    WinogradLayer(ConvolutionLayer layer, int tile);

    [[nodiscard]] const ConvolutionLayer& layer() const { return layer_; }

    /// Returns the number of rows to request per call of run() if a map of `height` rows is
    /// computed in parts.
    [[nodiscard]] int rows_per_run(int height) const { return height < tile_ ? 1 : tile_; }

    /// Computes `height` rows of `width` cells from height + 2 input rows of width + 2 cells. An
    /// input cell begins `stride` floats after the previous one. Writes the result to the rows
    /// `out`. Requires: `stride` is a multiple of 16.
    void run(const float* const* rows, int stride, int height, int width, float* const* out,
             Instructions instructions = best_instructions()) const;

  private:
    ConvolutionLayer layer_;
    int tile_;
    std::vector<float> weights_;  ///< (tile + 2)^2 matrices of inputs x outputs
};

}  // namespace facebus::vision

// Private to libs/vision: convolution, matrix product and pooling kernels for the small networks of
// MTCNN. With so few channels, OpenCV DNN takes several times as long; see
// docs/decisions/0004-own-kernels-for-mtcnn.md.
//
// A map consists of rows, a row of cells, and a cell of channels, each of which is one float. The
// floats of a cell are consecutive, and so are the cells of a row. `stride` is the number of floats
// from one cell to the next: 3 in an input image, otherwise the number of channels rounded up to a
// multiple of 16. The added channels are zero.
#pragma once

#include <string>
#include <vector>

#include "base/instructions.hpp"
#include "vision/network/onnx_weights.hpp"

namespace facebus::vision {

/// Weights of a convolution of size x size, without padding at the borders of the map, followed by
/// PReLU.
struct ConvolutionLayer {
    int size = 1;                ///< side of the window in cells
    int inputs = 0;              ///< number of input channels
    int channels = 0;            ///< number of output channels
    int outputs = 0;             ///< number of output channels, rounded up to a multiple of 16
    std::vector<float> weights;  ///< size * size * inputs rows of `outputs` floats
    std::vector<float> bias;     ///< `outputs` floats, one per output channel
    /// PReLU: `outputs` factors of negative values, one per output channel; 1: no activation.
    std::vector<float> slope;

    /// Creates a layer without activation. All weights and biases are zero.
    ConvolutionLayer(int side, int channels_in, int channels_out);
    /// Loads the weights from the tensor NAME/kernel:0 (channels x inputs x size x size), the
    /// biases from NAME/bias:0 and the slopes from the tensor `prelu`. Rearranges the weights for
    /// upright BGR images, because the networks were trained on transposed RGB images. Throws as
    /// OnnxWeights::get() does.
    ConvolutionLayer(int side, int channels_in, int channels_out, const OnnxWeights& file,
                     const std::string& name, const std::string& prelu);

    /// Reads the weights and the bias of output `from` of the fully connected layer `name`, which
    /// has `of` outputs. Multiplies them by `factor` and adds them to those of channel `to`.
    void add_dense(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                   float factor = 1);
    /// Does the same with the convolution `name`, and rearranges its weights as the constructor
    /// does.
    void add_convolution(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                         float factor = 1);
};

/// Computes one output row of `width` cells, including the activation, from `layer.size` input rows
/// of `width` + `layer.size` - 1 cells. Writes `layer.outputs` floats per cell to `out`.
void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int stride, int width,
                  float* out, Instructions instructions = best_instructions());

/// Multiplies the matrix `in` (cells x inputs, whose rows are `stride` floats apart) by the matrix
/// `weights` (inputs x outputs). Writes the product (cells x outputs) to `out`. Requires: `outputs`
/// is a multiple of 16.
void multiply(const float* weights, int inputs, int outputs, const float* in, int stride, int cells,
              float* out, Instructions instructions = best_instructions());

/// Computes one output row of max pooling over window x window cells with stride 2. Reads `count`
/// rows of `width` cells and writes `out_width` cells. A window that extends beyond the end of the
/// rows covers only the existing cells. Requires: `channels`, the number of floats per cell, is a
/// multiple of 16.
void pool_row(const float* const* rows, int count, int window, int width, int channels,
              int out_width, float* out);

}  // namespace facebus::vision

// Private to libs/vision: convolution, matrix product and pooling kernels for the small networks of
// MTCNN. OpenCV DNN takes several times as long for so few channels; see
// docs/decisions/0004-own-kernels-for-mtcnn.md.
//
// Layout of a map: row by row, in a row cell by cell, in a cell channel by channel, all as floats.
// `stride` is the number of floats from one cell to the next: the number of channels, padded with
// zeros to a multiple of 16, except for an input image, whose stride is 3.
#pragma once

#include <string>
#include <vector>

#include "base/instructions.hpp"
#include "vision/network/onnx_weights.hpp"

namespace facebus::vision {

/// Weights of a convolution of size x size without padding, followed by PReLU.
struct ConvolutionLayer {
    int size = 1;
    int inputs = 0;              ///< input channels
    int channels = 0;            ///< output channels
    int outputs = 0;             ///< output channels, padded to a multiple of 16
    std::vector<float> weights;  ///< size * size * inputs rows of `outputs`
    std::vector<float> bias;     ///< `outputs`
    std::vector<float> slope;    ///< PReLU: factor for negative values; 1: no activation

    /// Creates a layer whose weights and biases are zero and which has no activation.
    ConvolutionLayer(int side, int channels_in, int channels_out);
    /// Loads the tensors NAME/kernel:0 (outputs x inputs x size x size) and NAME/bias:0, and the
    /// slopes of the tensor `prelu`. Rearranges the weights for upright BGR images, because the
    /// networks were trained on transposed RGB images. Throws as OnnxWeights::get() does.
    ConvolutionLayer(int side, int channels_in, int channels_out, const OnnxWeights& file,
                     const std::string& name, const std::string& prelu);

    /// Adds one output of a fully connected layer, times `factor`, to channel `to`: column `from`
    /// of inputs x `of` weights, and its bias.
    void add_dense(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                   float factor = 1);
    /// Adds output `from` of a convolution with `of` outputs, times `factor`, to channel `to`.
    void add_convolution(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                         float factor = 1);
};

/// Computes one output row of `width` cells from the layer's `size` input rows. Writes
/// `layer.outputs` floats per cell to `out`.
void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int stride, int width,
                  float* out, Instructions instructions = best_instructions());

/// Multiplies a matrix of `cells` rows of `inputs` floats, `stride` apart, by inputs x outputs
/// weights. Writes cells x outputs floats to `out`. Requires: `outputs` is a multiple of 16.
void multiply(const float* weights, int inputs, int outputs, const float* in, int stride, int cells,
              float* out, Instructions instructions = best_instructions());

/// Computes one row of a max pooling over window x window cells with stride 2. Reads `count` rows
/// of `width` cells and writes `out_width` cells. A window that reaches beyond the end of the rows
/// covers only the cells that exist. Requires: `channels`, the floats per cell, is a multiple of
/// 16.
void pool_row(const float* const* rows, int count, int window, int width, int channels,
              int out_width, float* out);

}  // namespace facebus::vision

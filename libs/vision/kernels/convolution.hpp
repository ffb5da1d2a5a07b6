// Private to libs/vision: what the small networks of MTCNN are made of. OpenCV DNN takes several
// times as long for so few channels; see docs/decisions/0004-own-kernels-for-mtcnn.md.
//
// A map lies row by row, cell by cell, channel by channel. From one cell to the next it is `stride`
// numbers: the channels, filled up with zeros to a multiple of 16 but for a picture's three.
#pragma once

#include <string>
#include <vector>

#include "base/instructions.hpp"
#include "vision/network/onnx_weights.hpp"

namespace facebus::vision {

/// A convolution of size x size without padding, and PReLU.
struct ConvolutionLayer {
    int size = 1;
    int inputs = 0;              ///< channels
    int channels = 0;            ///< outputs that count
    int outputs = 0;             ///< the same, filled up to a multiple of 16
    std::vector<float> weights;  ///< size * size * inputs rows of `outputs`
    std::vector<float> bias;     ///< `outputs`
    std::vector<float> slope;    ///< of PReLU where the value is negative; 1: none

    /// Without weights: all zero.
    ConvolutionLayer(int side, int channels_in, int channels_out);
    /// With those of the tensors NAME/kernel:0 (outputs x inputs x size x size) and NAME/bias:0,
    /// and the slopes of the tensor `prelu`, for pictures that stand upright. Throws as
    /// OnnxWeights::get() does.
    ConvolutionLayer(int side, int channels_in, int channels_out, const OnnxWeights& file,
                     const std::string& name, const std::string& prelu);

    /// Adds a fully connected output to channel `to`: column `from` of inputs x `of` weights.
    void add_dense(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                   float factor = 1);
    /// Adds an output of a convolution with `of` outputs to channel `to`.
    void add_convolution(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                         float factor = 1);
};

/// A row of `width` cells from the layer's `size` rows of inputs: `out` gets `outputs` numbers a
/// cell.
void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int stride, int width,
                  float* out, Instructions instructions = best_instructions());

/// The product of `cells` rows of `inputs` numbers, `stride` apart, and inputs x outputs weights:
/// cells x outputs numbers. `outputs` is a multiple of 16.
void multiply(const float* weights, int inputs, int outputs, const float* in, int stride, int cells,
              float* out, Instructions instructions = best_instructions());

/// One row of the largest of window x window cells, two cells apart, of `rows` rows that are there;
/// `width` cells in, `out_width` cells out, each of `channels` numbers, a multiple of 16. A window
/// that reaches over the end takes what is there.
void pool_row(const float* const* rows, int count, int window, int width, int channels,
              int out_width, float* out);

}  // namespace facebus::vision

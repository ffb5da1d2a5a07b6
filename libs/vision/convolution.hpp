// Private to libs/vision: what the small networks of MTCNN are made of. OpenCV DNN takes several
// times as long for so few channels; see docs/decisions/0004-own-kernels-for-mtcnn.md.
#pragma once

#include <string>
#include <vector>

#include "vision/onnx_weights.hpp"

namespace facebus::vision {

/// A convolution of size x size without padding, and PReLU. Pictures lie row by row, cell by cell,
/// channel by channel.
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
    /// and the slopes of the tensor `prelu`. Throws as OnnxWeights::get() does.
    ConvolutionLayer(int side, int channels_in, int channels_out, const OnnxWeights& file,
                     const std::string& name, const std::string& prelu);

    /// Adds a fully connected output to channel `to`: column `from` of inputs x `of` weights.
    void add_dense(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                   float factor = 1);
    /// Adds an output of a convolution with `of` outputs to channel `to`.
    void add_convolution(const OnnxWeights& file, const std::string& name, int of, int from, int to,
                         float factor = 1);
};

/// A row of `width` cells from the layer's `size` rows of inputs, by the widest instructions that
/// the processor has: `out` gets `outputs` numbers a cell.
void convolve_row(const ConvolutionLayer& layer, const float* const* rows, int width, float* out);

/// The same by each kind of instructions that this processor has, for tests.
std::vector<std::string> convolution_instructions();
void convolve_row_with(const std::string& instructions, const ConvolutionLayer& layer,
                       const float* const* rows, int width, float* out);

/// One row of the largest of window x window cells, two cells apart, of `rows` rows that are there;
/// `width` cells of `stride` numbers each in, `out_width` cells of `channels` out. A window that
/// reaches over the end takes what is there.
void pool_row(const float* const* rows, int count, int window, int width, int stride, int channels,
              int out_width, float* out);

}  // namespace facebus::vision

// Private to libs/vision: the engines that run the embedding network.
#pragma once

#include <filesystem>
#include <functional>

#include <opencv2/core.hpp>

#include "vision/embed/embedder.hpp"

namespace facebus::vision {

/// Function that runs the network. The input contains N crops, as a blob of
/// N x 3 x side x side floats. The output is a matrix of floats with one row per crop.
/// The next call may overwrite the output.
using EmbeddingNetwork = std::function<cv::Mat(const cv::Mat& blob)>;

/// Loads the ONNX file with the engine. Throws `FatalError` (unavailable) as load_network() does.
/// Throws `FatalError` (config) if this build does not support the engine or its library is not
/// installed; the message then states a remedy.
EmbeddingNetwork open_embedding_network(const std::filesystem::path& file, Engine engine);

}  // namespace facebus::vision

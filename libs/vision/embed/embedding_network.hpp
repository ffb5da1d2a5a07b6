// Private to libs/vision: the engines that run FaceNet.
#pragma once

#include <filesystem>
#include <functional>

#include <opencv2/core.hpp>

#include "vision/embed/embedder.hpp"

namespace facebus::vision {

/// Function that runs the network. The input is a blob of N x 3 x crop_side x crop_side floats. The
/// output is a matrix of floats with one row per crop; the next call may overwrite it.
using EmbeddingNetwork = std::function<cv::Mat(const cv::Mat& blob)>;

/// Loads the ONNX file with the engine. Throws `FatalError` (unavailable) as load_network() does.
/// Throws `FatalError` (config), whose message states a remedy, if the engine is not available.
EmbeddingNetwork open_embedding_network(const std::filesystem::path& file, Engine engine);

}  // namespace facebus::vision

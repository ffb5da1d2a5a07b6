// Private to libs/vision: the engines that run FaceNet.
#pragma once

#include <filesystem>
#include <functional>

#include <opencv2/core.hpp>

#include "vision/embed/embedder.hpp"

namespace facebus::vision {

/// Runs the network: from a blob of N x 3 x side x side floats to N x D floats, one row per crop.
using EmbeddingNetwork = std::function<cv::Mat(const cv::Mat& blob)>;

/// Loads the ONNX file with the engine. Throws `FatalError` (unavailable) as load_network() does;
/// `FatalError` (config) if the engine is not available, with what to do about it.
EmbeddingNetwork open_embedding_network(const std::filesystem::path& file, Engine engine);

}  // namespace facebus::vision

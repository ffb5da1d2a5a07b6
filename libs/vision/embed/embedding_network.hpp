// Private to libs/vision: the engines that can run FaceNet.
#pragma once

#include <filesystem>
#include <functional>

#include <opencv2/core.hpp>

#include "vision/embed/embedder.hpp"

namespace facebus::vision {

/// Runs the network on a blob, N x 3 x side x side floats, to N x D floats, one row a crop.
using EmbeddingNetwork = std::function<cv::Mat(const cv::Mat& blob)>;

/// Loads the ONNX file with the engine. Throws StartupError: unavailable as load_network() does;
/// config if this build has no such engine, saying what to do.
EmbeddingNetwork open_embedding_network(const std::filesystem::path& file, Engine engine);

}  // namespace facebus::vision

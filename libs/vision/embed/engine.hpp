// Private to libs/vision: the engines that run the networks that compute embeddings.
#pragma once

#include <filesystem>
#include <functional>

#include <opencv2/core.hpp>

#include "base/error.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/embed/golden.hpp"

namespace facebus::vision {

/// Function that runs a network. The input contains N images, as a blob of N x 3 x side x side
/// floats. The output is a matrix of floats with one row per image. The next call may overwrite the
/// output. Throws cv::Exception if the network cannot be run.
using RunNetwork = std::function<cv::Mat(const cv::Mat& blob)>;

/// Network that an engine has loaded.
struct LoadedNetwork {
    RunNetwork run;
    EngineInUse engine;
};

/// What the choice of an engine depends on.
struct NetworkFile {
    std::filesystem::path models;  ///< folder of the models; contains OpenVINO
    std::filesystem::path file;    ///< the network as ONNX file
    cv::Mat golden_input;          ///< blob with one image: the input of the golden output
    const GoldenOutput& golden;
};

/// Loads the network with the engine and the precision that `options` select. `automatic` selects
/// the first of openvino bf16 (if the processor has instructions for it), openvino f32 and opencv
/// that can be loaded and passes the golden check. Uses the number of threads set by use_threads().
/// Throws `FatalError` (unavailable) if no engine can run the network, or (config) if the selected
/// engine does not support the selected precision.
LoadedNetwork load_with_engine(const NetworkFile& network, const EmbedderOptions& options);

}  // namespace facebus::vision

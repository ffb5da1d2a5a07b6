// Embeddings of FaceNet (Schroff et al. 2015; Inception-ResNet v1) or SFace (Zhong et al. 2021;
// MobileFaceNet) through OpenCV DNN or ONNX Runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Library that runs the network. All engines compute the same embeddings except for rounding
/// errors, so enrolment and recognition may use different engines.
enum class Engine {
    opencv,       ///< always available
    onnxruntime,  ///< faster; available if facebus was built with it
};

/// Network that computes embeddings. Embeddings of different networks are not comparable.
enum class Model {
    facenet,  ///< 512 numbers
    sface,    ///< 128 numbers
};

/// Computes embeddings: turns aligned crops into unit vectors. Not thread-safe: use one object per
/// thread.
class Embedder {
  public:
    /// Loads the network from `models`: facenet.onnx, or sface.onnx and onet.onnx. Uses the number
    /// of threads set by use_threads(). Throws `FatalError` (unavailable) if the file is missing or
    /// corrupt, or if the network returns vectors of the wrong size. The message names the file and
    /// the command that fetches it. Throws `FatalError` (config) if this build does not support the
    /// engine, or if the library of the engine is not installed.
    explicit Embedder(const std::filesystem::path& models, Engine engine = Engine::opencv,
                      Model model = Model::facenet);
    ~Embedder();
    Embedder(Embedder&&) noexcept;
    Embedder& operator=(Embedder&&) noexcept;

    /// Returns one embedding per crop, in the same order. Requires: each crop has
    /// crop_side x crop_side pixels (see vision/crop/align.hpp).
    std::vector<Embedding> embed(std::span<const Image> crops);

    /// Returns an id that identifies the network, its weights and the crop function (crop_id). Only
    /// embeddings with equal model ids are comparable.
    [[nodiscard]] const std::string& model_id() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

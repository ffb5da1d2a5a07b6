// FaceNet embeddings (Schroff et al. 2015; Inception-ResNet v1) through OpenCV DNN or ONNX Runtime.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Library that runs the network. The embeddings of the engines differ only by rounding errors, so
/// enrolment and recognition may use different engines.
enum class Engine {
    opencv,       ///< always available
    onnxruntime,  ///< faster; available if facebus was built with it
};

/// Computes embeddings: turns aligned crops into unit vectors. Not thread-safe: use one object per
/// thread.
class Embedder {
  public:
    /// Loads facenet.onnx from `models`. Uses the number of threads set by use_threads(). If the
    /// file is missing or corrupt, or the network returns vectors of the wrong size, throws
    /// `FatalError` (unavailable), whose message names the file and the command that fetches it.
    /// Throws `FatalError` (config) if this build does not support the engine or its library is not
    /// installed.
    explicit Embedder(const std::filesystem::path& models, Engine engine = Engine::opencv);
    ~Embedder();
    Embedder(Embedder&&) noexcept;
    Embedder& operator=(Embedder&&) noexcept;

    /// Returns one embedding per crop, in the same order. Requires: each crop has
    /// crop_side x crop_side pixels (see vision/crop/align.hpp).
    std::vector<Embedding> embed(std::span<const Image> crops);

    /// Returns an id that identifies the network, its weights and how crops are cut (crop_id). Only
    /// embeddings with equal ids are comparable.
    [[nodiscard]] const std::string& model_id() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

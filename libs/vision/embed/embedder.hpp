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

/// What runs the network. Embeddings are the same to 1e-5, so that one may enrol with one and
/// recognise with the other.
enum class Engine {
    opencv,       ///< always there
    onnxruntime,  ///< faster; where facebus was built with it
};

/// Turns aligned crops into unit vectors. Not thread-safe: one object a thread.
class Embedder {
  public:
    /// Loads facenet.onnx from `models`. Throws StartupError (unavailable) naming the file and the
    /// command that fetches it if it is missing, corrupt, or gives vectors of another size;
    /// StartupError (config) if this build has no such engine. Threads as set by use_threads()
    /// before.
    explicit Embedder(const std::filesystem::path& models, Engine engine = Engine::opencv);
    ~Embedder();
    Embedder(Embedder&&) noexcept;
    Embedder& operator=(Embedder&&) noexcept;

    /// One embedding a crop, in order; each crop is crop_side x crop_side (see vision/align.hpp).
    /// Pixels are standardised as (x - 127.5) / 128 in the order red, green, blue.
    std::vector<Embedding> embed(std::span<const Image> crops);

    /// Names network, weights and preprocessing: embeddings are comparable only where it is equal.
    [[nodiscard]] const std::string& model_id() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

// Embeddings of FaceNet (Schroff et al. 2015; Inception-ResNet v1) or SFace (Zhong et al. 2021;
// MobileFaceNet), computed with OpenVINO or OpenCV DNN.
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
    automatic,  ///< openvino if it can be used, otherwise opencv
    openvino,   ///< fastest; models/prepare fetches it for x86-64 and arm64
    opencv,     ///< always available
};

/// Floating-point format in which the network is computed. Embeddings of all formats are
/// comparable.
enum class Precision {
    automatic,  ///< bf16 with openvino if the processor has instructions for it, otherwise f32
    f32,
    bf16,
};

/// Network that computes embeddings. Embeddings of different networks are not comparable.
enum class Model {
    facenet,  ///< 512 numbers
    sface,    ///< 128 numbers
};

struct EmbedderOptions {
    Model model = Model::facenet;
    Engine engine = Engine::automatic;
    Precision precision = Precision::automatic;
};

/// Engine that an Embedder uses.
struct EngineInUse {
    std::string name;       ///< value of recognize.engine
    std::string precision;  ///< value of recognize.precision
    /// Why faster engines or formats that `automatic` prefers were not used, one line each.
    std::vector<std::string> skipped;
};

/// Computes embeddings: turns aligned crops into unit vectors. Not thread-safe: use one object per
/// thread.
class Embedder {
  public:
    /// Loads the network from `models`: facenet.onnx, or sface.onnx and onet.onnx. Uses the number
    /// of threads set by use_threads(). Throws `FatalError` (unavailable) if a file or the selected
    /// engine is missing or corrupt, or if the network does not compute the golden embedding. The
    /// message names the file and the command that fetches it. Throws `FatalError` (config) if the
    /// selected engine does not support the selected precision.
    explicit Embedder(const std::filesystem::path& models, const EmbedderOptions& options = {});
    ~Embedder();
    Embedder(Embedder&&) noexcept;
    Embedder& operator=(Embedder&&) noexcept;

    /// Returns one embedding per crop, in the same order. Requires: each crop has
    /// crop_side x crop_side pixels (see vision/crop/align.hpp).
    std::vector<Embedding> embed(std::span<const Image> crops);

    /// Returns an id that identifies the network, its weights and the crop function (crop_id). Only
    /// embeddings with equal model ids are comparable.
    [[nodiscard]] const std::string& model_id() const;

    [[nodiscard]] const EngineInUse& engine() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace facebus::vision

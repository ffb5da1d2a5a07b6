#include "vision/embed/embedder.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <opencv2/dnn.hpp>

#include "vision/crop/align.hpp"
#include "vision/embed/engine.hpp"
#include "vision/embed/golden.hpp"
#include "vision/embed/sface_input.hpp"
#include "vision/image/mat.hpp"
#include "vision/network/network.hpp"

namespace facebus::vision {

namespace {

// Maximum number of crops per batch. Larger batches need more memory but save no time: in
// measurements, the time per crop did not decrease further in batches of more than 8 crops.
constexpr std::size_t max_batch = 16;

/// Properties of a network.
struct Network {
    std::string_view file;
    std::string_view id;         ///< first part of the model id
    std::string_view alignment;  ///< last part of the model id
    int side;                    ///< side of the input in pixels
    double scale;                ///< pixels are standardised as (x - mean) * scale
    double mean;
    const char* name;  ///< for error messages
    const GoldenOutput& golden;
};

const Network facenet{
    "facenet.onnx", "facenet-20180408-casia", {}, crop_side, 1 / 128.0, 127.5, "FaceNet",
    golden_facenet};
// SFace standardises its input itself.
const Network sface{"sface.onnx", "sface-2021dec", sface_alignment, sface_side, 1, 0,
                    "SFace",      golden_sface};

cv::Mat blob_of(const Network& network, const std::vector<cv::Mat>& inputs) {
    // Swap blue and red, because both networks were trained on RGB images.
    return cv::dnn::blobFromImages(inputs, network.scale, {}, cv::Scalar::all(network.mean), true);
}

/// Returns the input of the network that has the golden output: the centre of the golden image.
cv::Mat golden_input(const Network& network) {
    const Image image = golden_image();
    const int margin = (crop_side - network.side) / 2;
    const cv::Rect centre(margin, margin, network.side, network.side);
    return blob_of(network, {as_mat(image)(centre)});
}

}  // namespace

struct Embedder::Impl {
    const Network& network;
    LoadedNetwork loaded;
    std::optional<SfaceInput> sface_input;
    std::string model_id;
    std::size_t dimensions;
};

Embedder::Embedder(const std::filesystem::path& models, const EmbedderOptions& options) {
    const Network& network = options.model == Model::sface ? sface : facenet;
    const auto file = models / network.file;
    auto loaded = load_with_engine({models, file, golden_input(network), network.golden}, options);
    impl_ = std::make_unique<Impl>(Impl{network, std::move(loaded), {}, {}, 0});
    impl_->model_id = fmt::format("{}:{:08x}:{}", network.id, file_hash(file) >> 32U, crop_id);
    if (options.model == Model::sface) {
        impl_->sface_input.emplace(models);
        impl_->model_id += fmt::format(":{}", network.alignment);
    }
    impl_->dimensions = dimensions_of(impl_->model_id);
}

Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;

std::vector<Embedding> Embedder::embed(std::span<const Image> crops) {
    std::vector<Embedding> embeddings(crops.size());
    const auto& [network, loaded, sface_input, id, dimensions] = *impl_;
    rethrow_opencv_errors(network.name, [&] {
        for (std::size_t first = 0; first < crops.size(); first += max_batch) {
            const auto batch = crops.subspan(first, std::min(max_batch, crops.size() - first));
            std::vector<cv::Mat> mats;
            for (const Image& crop : batch) {
                assert(crop.width == crop_side && crop.height == crop_side);
                mats.push_back(sface_input ? sface_input->warp(crop) : as_mat(crop));
            }
            const cv::Mat out = loaded.run(blob_of(network, mats));
            const auto* values = out.ptr<float>();
            for (std::size_t i = 0; i < batch.size(); ++i) {
                std::copy_n(values + i * dimensions, dimensions, embeddings[first + i].begin());
                normalise(embeddings[first + i]);
            }
        }
    });
    return embeddings;
}

const std::string& Embedder::model_id() const {
    return impl_->model_id;
}

const EngineInUse& Embedder::engine() const {
    return impl_->loaded.engine;
}

}  // namespace facebus::vision

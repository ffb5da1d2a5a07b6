#include "vision/embed/embedder.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string_view>

#include <fmt/format.h>
#include <opencv2/dnn.hpp>

#include "vision/crop/align.hpp"
#include "vision/embed/embedding_network.hpp"
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
};

const Network facenet{"facenet.onnx", "facenet-20180408-casia", {}, crop_side, 1 / 128.0, 127.5,
                      "FaceNet"};
// SFace standardises its input itself.
const Network sface{"sface.onnx", "sface-2021dec", sface_alignment, sface_side, 1, 0, "SFace"};

cv::Mat forward(const EmbeddingNetwork& run, const Network& network,
                const std::vector<cv::Mat>& inputs) {
    // Swap blue and red, because both networks were trained on RGB images.
    return run(
        cv::dnn::blobFromImages(inputs, network.scale, {}, cv::Scalar::all(network.mean), true));
}

}  // namespace

struct Embedder::Impl {
    const Network& network;
    EmbeddingNetwork run;
    std::optional<SfaceInput> sface_input;
    std::string model_id;
    std::size_t dimensions;
};

Embedder::Embedder(const std::filesystem::path& models, Engine engine, Model model) {
    const Network& network = model == Model::sface ? sface : facenet;
    const auto file = models / network.file;
    impl_ = std::make_unique<Impl>(Impl{network, open_embedding_network(file, engine), {}, {}, 0});
    impl_->model_id = fmt::format("{}:{:08x}:{}", network.id, file_hash(file) >> 32U, crop_id);
    if (model == Model::sface) {
        impl_->sface_input.emplace(models);
        impl_->model_id += fmt::format(":{}", network.alignment);
    }
    impl_->dimensions = dimensions_of(impl_->model_id);
    // Run the network once, so that a wrong network is reported at startup.
    try {
        const cv::Mat out =
            forward(impl_->run, network, {cv::Mat::zeros(network.side, network.side, CV_8UC3)});
        if (out.total() != impl_->dimensions)
            model_failed(file, fmt::format("returns vectors of {} numbers instead of {}",
                                           out.total(), impl_->dimensions));
    } catch (const cv::Exception& exception) {
        model_failed(file, "cannot be run (" + reason(exception) + ")");
    }
}

Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;

std::vector<Embedding> Embedder::embed(std::span<const Image> crops) {
    std::vector<Embedding> embeddings(crops.size());
    const auto& [network, run, sface_input, id, dimensions] = *impl_;
    rethrow_opencv_errors(network.name, [&] {
        for (std::size_t first = 0; first < crops.size(); first += max_batch) {
            const auto batch = crops.subspan(first, std::min(max_batch, crops.size() - first));
            std::vector<cv::Mat> mats;
            for (const Image& crop : batch) {
                assert(crop.width == crop_side && crop.height == crop_side);
                mats.push_back(sface_input ? sface_input->warp(crop) : as_mat(crop));
            }
            const cv::Mat out = forward(run, network, mats);
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

}  // namespace facebus::vision

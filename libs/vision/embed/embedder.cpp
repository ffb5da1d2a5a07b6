#include "vision/embed/embedder.hpp"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>
#include <opencv2/dnn.hpp>

#include "vision/crop/align.hpp"
#include "vision/embed/embedding_network.hpp"
#include "vision/image/mat.hpp"
#include "vision/network/network.hpp"

namespace facebus::vision {

namespace {

// Maximum number of crops per batch. Larger batches need more memory but save no time: in
// measurements, the time per crop did not decrease further in batches of more than 8 crops.
constexpr std::size_t max_batch = 16;
constexpr std::string_view network_id = "facenet-20180408-casia";

cv::Mat forward(const EmbeddingNetwork& network, const std::vector<cv::Mat>& crops) {
    // Standardise pixels as (x - 127.5) / 128. Swap blue and red, because the network was trained
    // on RGB images.
    return network(cv::dnn::blobFromImages(crops, 1 / 128.0, {}, cv::Scalar::all(127.5), true));
}

}  // namespace

struct Embedder::Impl {
    EmbeddingNetwork network;
    std::string model_id;
};

Embedder::Embedder(const std::filesystem::path& models, Engine engine)
    : impl_(std::make_unique<Impl>()) {
    const auto file = models / "facenet.onnx";
    impl_->network = open_embedding_network(file, engine);
    impl_->model_id = fmt::format("{}:{:08x}:{}", network_id, file_hash(file) >> 32U, crop_id);
    // Run the network once, so that a wrong network is reported at startup.
    try {
        const cv::Mat out =
            forward(impl_->network, {cv::Mat::zeros(crop_side, crop_side, CV_8UC3)});
        if (out.total() != embedding_size)
            model_failed(file, fmt::format("returns vectors of {} numbers instead of {}",
                                           out.total(), embedding_size));
    } catch (const cv::Exception& exception) {
        model_failed(file, "cannot be run (" + reason(exception) + ")");
    }
}

Embedder::~Embedder() = default;
Embedder::Embedder(Embedder&&) noexcept = default;
Embedder& Embedder::operator=(Embedder&&) noexcept = default;

std::vector<Embedding> Embedder::embed(std::span<const Image> crops) {
    std::vector<Embedding> embeddings(crops.size());
    rethrow_opencv_errors("FaceNet", [&] {
        for (std::size_t first = 0; first < crops.size(); first += max_batch) {
            const auto batch = crops.subspan(first, std::min(max_batch, crops.size() - first));
            std::vector<cv::Mat> mats;
            for (const Image& crop : batch) {
                assert(crop.width == crop_side && crop.height == crop_side);
                mats.push_back(as_mat(crop));
            }
            const cv::Mat out = forward(impl_->network, mats);
            const auto* values = out.ptr<float>();
            for (std::size_t i = 0; i < batch.size(); ++i) {
                std::copy_n(values + i * embedding_size, embedding_size,
                            embeddings[first + i].begin());
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

#include "vision/detect/ssd.hpp"

#include <array>

#include <opencv2/dnn.hpp>

#include "vision/detect/cascade.hpp"
#include "vision/image/mat.hpp"
#include "vision/network/network.hpp"

namespace facebus::vision {

namespace {

// The network was trained on pixels minus these means of blue, green and red, without scaling.
const cv::Scalar ssd_mean(104, 177, 123);
// Numbers per detection in the output: index of the image in the batch, class, score, then left,
// top, right and bottom as fractions of the width or height of the image.
constexpr int row_size = 7;

}  // namespace

struct Ssd::Impl {
    DetectorOptions options;
    cv::dnn::Net net;
    OutputNetwork output_network;

    /// Returns the boxes to which the SSD network gives a score of at least `ssd_score`. Makes them
    /// square, because O-Net requires square boxes.
    std::vector<Candidate> propose(const cv::Mat& image);
};

std::vector<Candidate> Ssd::Impl::propose(const cv::Mat& image) {
    net.setInput(
        cv::dnn::blobFromImage(image, 1, {options.ssd_input, options.ssd_input}, ssd_mean));
    const cv::Mat out = net.forward();
    const auto* row = out.ptr<float>();
    std::vector<Candidate> squares;
    for (std::size_t i = 0; i < out.total() / row_size; ++i, row += row_size) {
        if (!(row[2] >= options.ssd_score)) continue;
        Candidate candidate;
        candidate.score = row[2];
        candidate.left = static_cast<double>(row[3]) * image.cols;
        candidate.top = static_cast<double>(row[4]) * image.rows;
        candidate.right = static_cast<double>(row[5]) * image.cols;
        candidate.bottom = static_cast<double>(row[6]) * image.rows;
        make_square(candidate);
        if (truncate_to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

Ssd::Ssd(const std::filesystem::path& models, const DetectorOptions& options)
    : impl_(std::make_unique<Impl>(
          Impl{options,
               load_caffe_network(models / "ssd/deploy.prototxt",
                                  models / "ssd/res10_300x300_ssd_iter_140000.caffemodel"),
               OutputNetwork(models)})) {}

Ssd::~Ssd() = default;
Ssd::Ssd(Ssd&&) noexcept = default;
Ssd& Ssd::operator=(Ssd&&) noexcept = default;

std::vector<Detection> Ssd::detect(const Image& image) {
    if (image.empty()) return {};
    return rethrow_opencv_errors("SSD", [&] {
        const cv::Mat mat = as_mat(image);
        const auto candidates = impl_->propose(mat);
        if (candidates.empty()) return std::vector<Detection>();
        return impl_->output_network.faces(mat, candidates, impl_->options.output_score);
    });
}

}  // namespace facebus::vision

#include "vision/detect/yunet.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/detect/nms.hpp"
#include "vision/image/mat.hpp"
#include "vision/network/network.hpp"

namespace facebus::vision {

namespace {

// The network divides the image into cells of these sizes. Each cell predicts one face.
constexpr std::array strides{8, 16, 32};
// The network halves the image five times, so its sides must be multiples of 2^5.
constexpr int multiple = 32;
// Side of the smallest faces that the network finds reliably, in pixels of its input: on LFW it
// finds 98% of the faces of 20 pixels, but only 74% of those of 16.
constexpr double smallest_face = 20;
// Side of the largest faces that the network finds reliably: on LFW it finds all faces of 450
// pixels, but only 94% of those of 600 and 23% of those of 800.
constexpr double largest_face = 450;
// Larger faces are found in a copy that is smaller by this factor, which costs a sixteenth.
constexpr double next_scale = 1.0 / 4;
// The boxes need no conversion: on LFW, MTCNN's boxes are 0.97 to 0.99 times as wide and 0.99
// to 1.0 times as high, with the same centre within 2%.
//
// Boxes that overlap by more than this show the same face.
constexpr double max_overlap = 0.3;

/// Returns the names of the outputs: cls_8, cls_16, cls_32, obj_8, and so on.
std::vector<cv::String> output_names() {
    std::vector<cv::String> names;
    for (const char* kind : {"cls_", "obj_", "bbox_", "kps_"}) {
        for (const int stride : strides) names.push_back(kind + std::to_string(stride));
    }
    return names;
}

/// Converts a score of YuNet to the scale of MTCNN's scores, which the quality of a face is
/// computed from. Half of the faces in LFW have a score of at least 0.93, where MTCNN's is 0.995 or
/// more. So limits such as track.confirm_score hold for both detectors; see docs/accuracy.md.
float to_mtcnn_scale(float score) {
    return 1 - (1 - score) * (1 - score);
}

/// Returns the smallest multiple of `multiple` that is not less than `side`.
int padded(int side) {
    return (side + multiple - 1) / multiple * multiple;
}

}  // namespace

struct Yunet::Impl {
    DetectorOptions options;
    cv::dnn::Net net;

    /// Appends the faces in the image, scaled by `scale`, with a score of at least `yunet_score`.
    void find(const cv::Mat& image, double scale, std::vector<Candidate>& found);
};

void Yunet::Impl::find(const cv::Mat& image, double scale, std::vector<Candidate>& found) {
    const cv::Size size(std::max(1, cvRound(image.cols * scale)),
                        std::max(1, cvRound(image.rows * scale)));
    // Fill the input up with black at the right and at the bottom.
    cv::Mat input = cv::Mat::zeros(padded(size.height), padded(size.width), CV_8UC3);
    cv::resize(image, input(cv::Rect({0, 0}, size)), size, 0, 0,
               scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    const double scale_x = static_cast<double>(size.width) / image.cols;
    const double scale_y = static_cast<double>(size.height) / image.rows;
    static const auto names = output_names();
    std::vector<cv::Mat> outputs;
    net.setInput(cv::dnn::blobFromImage(input));
    net.forward(outputs, names);
    for (std::size_t level = 0; level < strides.size(); ++level) {
        const double stride = strides[level];
        const int columns = input.cols / strides[level];
        const int rows = input.rows / strides[level];
        const auto* face_class = outputs[level].ptr<float>();
        const auto* object = outputs[level + 3].ptr<float>();
        const auto* box = outputs[level + 6].ptr<float>();
        const auto* points = outputs[level + 9].ptr<float>();
        for (int cell = 0; cell < rows * columns; ++cell, box += 4, points += 10) {
            const float score = std::sqrt(std::clamp(face_class[cell], 0.0F, 1.0F) *
                                          std::clamp(object[cell], 0.0F, 1.0F));
            if (!(score >= options.yunet_score)) continue;
            // Offsets and sizes are in cells; sizes are logarithms.
            const int row = cell / columns;
            const double x = cell - row * columns;
            const double y = row;
            const auto to_x = [&](float offset) {
                return (x + static_cast<double>(offset)) * stride / scale_x;
            };
            const auto to_y = [&](float offset) {
                return (y + static_cast<double>(offset)) * stride / scale_y;
            };
            const double width = std::exp(static_cast<double>(box[2])) * stride / scale_x;
            const double height = std::exp(static_cast<double>(box[3])) * stride / scale_y;
            Candidate candidate;
            candidate.score = score;
            candidate.left = to_x(box[0]) - width / 2;
            candidate.top = to_y(box[1]) - height / 2;
            candidate.right = candidate.left + width;
            candidate.bottom = candidate.top + height;
            for (std::size_t k = 0; k < 5; ++k) {
                candidate.points[k] = static_cast<float>(to_x(points[2 * k]));
                candidate.points[k + 5] = static_cast<float>(to_y(points[2 * k + 1]));
            }
            found.push_back(candidate);
        }
    }
}

Yunet::Yunet(const std::filesystem::path& models, const DetectorOptions& options)
    : impl_(std::make_unique<Impl>(Impl{options, load_network(models / "yunet.onnx")})) {}

Yunet::~Yunet() = default;
Yunet::Yunet(Yunet&&) noexcept = default;
Yunet& Yunet::operator=(Yunet&&) noexcept = default;

std::vector<Detection> Yunet::detect(const Image& image) {
    if (std::min(image.width, image.height) < impl_->options.min_face) return {};
    return rethrow_opencv_errors("YuNet", [&] {
        const cv::Mat mat = as_mat(image);
        std::vector<Candidate> found;
        double scale = std::min(1.0, smallest_face / impl_->options.min_face);
        impl_->find(mat, scale, found);
        while (std::min(mat.rows, mat.cols) * scale > largest_face) {
            scale *= next_scale;
            impl_->find(mat, scale, found);
        }
        std::vector<Detection> faces;
        for (const Candidate& candidate :
             suppress(std::move(found), max_overlap, Overlap::of_union)) {
            Detection face;
            face.score = to_mtcnn_scale(candidate.score);
            face.box = {static_cast<float>(candidate.left), static_cast<float>(candidate.top),
                        static_cast<float>(candidate.right - candidate.left),
                        static_cast<float>(candidate.bottom - candidate.top)};
            for (std::size_t i = 0; i < face.landmarks.size(); ++i)
                face.landmarks[i] = {candidate.points[i], candidate.points[i + 5]};
            faces.push_back(face);
        }
        return faces;
    });
}

}  // namespace facebus::vision

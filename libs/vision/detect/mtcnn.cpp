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
    ProposalNetwork proposal;
    CandidateNetwork refine;
    OutputNetwork output;

    /// Stage 1: returns the square boxes that P-Net proposes on all levels of the pyramid.
    std::vector<Candidate> propose(const cv::Mat& image);
    /// Runs P-Net on one level, the image scaled by `scale`.
    std::vector<Candidate> propose_at(const cv::Mat& image, double scale);
    /// Stage 2: returns the candidates that R-Net accepts, corrected and made square.
    std::vector<Candidate> refined(const cv::Mat& image, const std::vector<Candidate>& candidates);
};

std::vector<Candidate> Mtcnn::Impl::propose(const cv::Mat& image) {
    // P-Net detects only faces of about its window size, 12 pixels. Larger faces are found in
    // smaller copies of the image. The first level scales the smallest face (min_face) to 12
    // pixels; each further level is smaller by scale_factor, until the image is smaller than the
    // window.
    const double first = static_cast<double>(proposal_side) / options.min_face;
    std::vector<double> levels;
    double shorter = std::min(image.rows, image.cols) * first;
    while (shorter >= proposal_side) {
        levels.push_back(first *
                         std::pow(static_cast<double>(options.scale_factor), levels.size()));
        shorter *= static_cast<double>(options.scale_factor);
    }
    // Levels are independent of each other, so they run in parallel. On each level a face usually
    // exceeds the threshold in several neighbouring windows; suppression keeps the best of them.
    std::vector<std::vector<Candidate>> found(levels.size());
    const auto count = static_cast<int>(levels.size());
    cv::parallel_for_(
        {0, count},
        [&](const cv::Range& range) {
            for (auto i = static_cast<std::size_t>(range.start); std::cmp_less(i, range.end); ++i) {
                found[i] = suppress(propose_at(image, levels[i]), 0.5, Overlap::of_union);
            }
        },
        count);
    std::vector<Candidate> all;
    for (const auto& of_level : found) all.insert(all.end(), of_level.begin(), of_level.end());
    // The same face may also be found on neighbouring levels.
    all = suppress(std::move(all), 0.7, Overlap::of_union);
    // R-Net reads square patches, so each box is corrected and then extended to a square.
    std::vector<Candidate> squares;
    for (Candidate& candidate : all) {
        // The reference scales this correction by right - left, but by right - left + 1 after
        // R-Net.
        apply_shift(candidate, candidate.width() - 1, candidate.height() - 1);
        make_square(candidate);
        if (to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

std::vector<Candidate> Mtcnn::Impl::propose_at(const cv::Mat& image, double scale) {
    const int rows = static_cast<int>(std::ceil(image.rows * scale));
    const int columns = static_cast<int>(std::ceil(image.cols * scale));
    const auto maps = proposal.run(image, {columns, rows});
    const auto* shift = maps.shift.data();
    const auto* score = maps.score.data();
    std::vector<Candidate> found;
    int mirrored = 0;
    for (int y = 0; y < maps.rows; ++y) {
        for (int x = 0; x < maps.columns; ++x) {
            const int cell = y * maps.columns + x;
            if (score[cell] < options.proposal_score) continue;
            // The window of this cell, mapped back from the level to the image. Pixels are counted
            // from 1 and both corners belong to the window, so it spans left + 1 to left + 12.
            const double left = proposal_stride * x;
            const double top = proposal_stride * y;
            Candidate candidate;
            candidate.left = std::trunc((left + 1) / scale);
            candidate.top = std::trunc((top + 1) / scale);
            candidate.right = std::trunc((left + proposal_side) / scale);
            candidate.bottom = std::trunc((top + proposal_side) / scale);
            candidate.score = score[cell];
            std::copy_n(shift + std::ptrdiff_t{cell} * 4, 4, candidate.shift.begin());
            found.push_back(candidate);
            mirrored = y * maps.columns + maps.columns - 1 - x;
        }
    }
    // If a level has exactly one candidate, it gets the correction of the mirrored place. This
    // repeats a bug of the reference (in its handling of arrays with one element), because the
    // face recognition network was trained on crops that the reference produced.
    if (found.size() == 1) {
        std::copy_n(shift + std::ptrdiff_t{mirrored} * 4, 4, found.front().shift.begin());
    }
    return found;
}

std::vector<Candidate> Mtcnn::Impl::refined(const cv::Mat& image,
                                            const std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    const auto predictions = refine.run(image, candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& prediction = predictions[i];
        if (!(prediction.score > options.refine_score)) continue;
        Candidate candidate = candidates[i];
        candidate.score = prediction.score;
        candidate.shift = prediction.shift;
        kept.push_back(candidate);
    }
    // Suppress by R-Net's better scores, before the boxes move.
    kept = suppress(std::move(kept), 0.7, Overlap::of_union);
    std::vector<Candidate> squares;
    for (Candidate& candidate : kept) {
        apply_shift(candidate, candidate.width(), candidate.height());
        make_square(candidate);
        if (to_pixels(candidate)) squares.push_back(candidate);
    }
    return squares;
}

Mtcnn::Mtcnn(const std::filesystem::path& models, const DetectorOptions& options) {
    // With a factor outside (0, 1) the pyramid would never end.
    if (!(options.scale_factor > 0 && options.scale_factor < 1))
        throw FatalError(Exit::config, "the scale factor of MTCNN must be between 0 and 1");
    impl_ = std::make_unique<Impl>(Impl{options, ProposalNetwork(models / "pnet.onnx"),
                                        CandidateNetwork::refine(models), OutputNetwork(models)});
    // Faces smaller than P-Net's window would require an enlarged image.
    impl_->options.min_face = std::max(options.min_face, proposal_side);
}

Mtcnn::~Mtcnn() = default;
Mtcnn::Mtcnn(Mtcnn&&) noexcept = default;
Mtcnn& Mtcnn::operator=(Mtcnn&&) noexcept = default;

std::vector<Detection> Mtcnn::detect(const Image& image) {
    if (std::min(image.width, image.height) < impl_->options.min_face) return {};
    return rethrow_opencv_errors("MTCNN", [&] {
        const cv::Mat mat = as_mat(image);
        const auto candidates = impl_->refined(mat, impl_->propose(mat));
        return impl_->output.faces(mat, candidates, impl_->options.output_score);
    });
}

}  // namespace facebus::vision

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

// P-Net looks at 12 x 12 pixels every second pixel.
constexpr int proposal_side = 12;
constexpr int proposal_stride = 2;

}  // namespace

struct Mtcnn::Impl {
    DetectorOptions options;
    ProposalNetwork proposal;
    CandidateNetwork refine;
    OutputNetwork output;

    std::vector<Candidate> propose(const cv::Mat& upright);
    std::vector<Candidate> propose_at(const cv::Mat& upright, double level);
    std::vector<Candidate> refined(const cv::Mat& picture,
                                   const std::vector<Candidate>& candidates);
};

std::vector<Candidate> Mtcnn::Impl::propose(const cv::Mat& upright) {
    const double first = static_cast<double>(proposal_side) / options.min_face;
    std::vector<double> levels;
    double shorter = std::min(upright.rows, upright.cols) * first;
    while (shorter >= proposal_side) {
        levels.push_back(first *
                         std::pow(static_cast<double>(options.scale_factor), levels.size()));
        shorter *= static_cast<double>(options.scale_factor);
    }
    std::vector<std::vector<Candidate>> found(levels.size());
    const auto count = static_cast<int>(levels.size());
    cv::parallel_for_(
        {0, count},
        [&](const cv::Range& range) {
            for (auto i = static_cast<std::size_t>(range.start); std::cmp_less(i, range.end); ++i) {
                found[i] = suppress(propose_at(upright, levels[i]), 0.5, Overlap::of_union);
            }
        },
        count);
    std::vector<Candidate> all;
    for (const auto& of_level : found) all.insert(all.end(), of_level.begin(), of_level.end());
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

std::vector<Candidate> Mtcnn::Impl::propose_at(const cv::Mat& upright, double level) {
    const int rows = static_cast<int>(std::ceil(upright.rows * level));
    const int columns = static_cast<int>(std::ceil(upright.cols * level));
    const auto maps = proposal.run(upright, {columns, rows});
    const auto* shift = maps.shift.data();
    const auto* score = maps.score.data();
    std::vector<Candidate> found;
    int only = 0;
    for (int y = 0; y < maps.rows; ++y) {
        for (int x = 0; x < maps.columns; ++x) {
            const int cell = y * maps.columns + x;
            if (score[cell] < options.proposal_score) continue;
            const double left = proposal_stride * x;
            const double top = proposal_stride * y;
            Candidate candidate;
            candidate.left = std::trunc((left + 1) / level);
            candidate.top = std::trunc((top + 1) / level);
            candidate.right = std::trunc((left + proposal_side) / level);
            candidate.bottom = std::trunc((top + proposal_side) / level);
            candidate.score = score[cell];
            std::copy_n(shift + std::ptrdiff_t{cell} * 4, 4, candidate.shift.begin());
            found.push_back(candidate);
            only = y * maps.columns + maps.columns - 1 - x;
        }
    }
    // A single candidate of a level gets the correction of the mirrored place: so does the
    // reference (a slip in its handling of arrays with one element), and the face recognition
    // networks were trained on crops that came from it.
    if (found.size() == 1) {
        std::copy_n(shift + std::ptrdiff_t{only} * 4, 4, found.front().shift.begin());
    }
    return found;
}

std::vector<Candidate> Mtcnn::Impl::refined(const cv::Mat& picture,
                                            const std::vector<Candidate>& candidates) {
    std::vector<Candidate> kept;
    const auto answers = refine.run(picture, candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& answer = answers[i];
        if (!(answer.score > options.refine_score)) continue;
        Candidate candidate = candidates[i];
        candidate.score = answer.score;
        candidate.shift = answer.shift;
        kept.push_back(candidate);
    }
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
    // A factor outside (0, 1) would make a pyramid without end.
    if (!(options.scale_factor > 0 && options.scale_factor < 1))
        throw StartupError(Exit::config, "the scale factor of MTCNN must lie between 0 and 1");
    impl_ = std::make_unique<Impl>(Impl{options, ProposalNetwork(models / "pnet.onnx"),
                                        CandidateNetwork::refine(models), OutputNetwork(models)});
    // Smaller faces than P-Net's own window would need an enlarged picture.
    impl_->options.min_face = std::max(options.min_face, proposal_side);
}

Mtcnn::~Mtcnn() = default;
Mtcnn::Mtcnn(Mtcnn&&) noexcept = default;
Mtcnn& Mtcnn::operator=(Mtcnn&&) noexcept = default;

std::vector<Detection> Mtcnn::detect(const Image& image) {
    if (std::min(image.width, image.height) < impl_->options.min_face) return {};
    return translated("MTCNN", [&] {
        const cv::Mat picture = as_mat(image);
        const auto candidates = impl_->refined(picture, impl_->propose(picture));
        return impl_->output.faces(picture, candidates, impl_->options.output_score);
    });
}

}  // namespace facebus::vision

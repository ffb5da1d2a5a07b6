#include "vision/mtcnn.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <opencv2/imgproc.hpp>

#include "vision/cascade.hpp"
#include "vision/mat.hpp"
#include "vision/proposal_network.hpp"

namespace facebus::vision {

namespace {

// P-Net looks at 12 x 12 pixels every second pixel.
constexpr int proposal_side = 12;
constexpr int proposal_stride = 2;

}  // namespace

struct Mtcnn::Impl {
    MtcnnOptions options;
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
    std::vector<Candidate> all;
    double level = first;
    double shorter = std::min(upright.rows, upright.cols) * first;
    for (int i = 1; shorter >= proposal_side; ++i) {
        auto found = suppress(propose_at(upright, level), 0.5, Overlap::of_union);
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

std::vector<Candidate> Mtcnn::Impl::propose_at(const cv::Mat& upright, double level) {
    const int rows = static_cast<int>(std::ceil(upright.rows * level));
    const int columns = static_cast<int>(std::ceil(upright.cols * level));
    // Scaled before it is turned: the other way round some pixels are rounded differently, enough
    // to move a face's landmarks in one picture in a hundred.
    cv::Mat scaled;
    cv::resize(upright, scaled, {columns, rows}, 0, 0, cv::INTER_AREA);
    scaled = cascade_picture(scaled);
    const auto& maps = proposal.run(scaled);
    const int cells_x = maps.rows;
    const int cells_y = maps.columns;
    const auto* shift = maps.shift.data();
    const auto* score = maps.score.data();
    std::vector<Candidate> found;
    int only = 0;
    // Rows outside, columns inside, although memory lies the other way: equal scores are ranked by
    // this order.
    for (int y = 0; y < cells_y; ++y) {
        for (int x = 0; x < cells_x; ++x) {
            const int cell = x * cells_y + y;
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
            only = (cells_x - 1 - x) * cells_y + y;
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
    using Answer = CandidateNetwork::Answer;
    refine.run(picture, candidates, [&](Candidate candidate, const Answer& answer) {
        if (!(answer.score > options.refine_score)) return;
        candidate.score = answer.score;
        candidate.shift = answer.shift;
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

Mtcnn::Mtcnn(const std::filesystem::path& models, const MtcnnOptions& options) {
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
        const cv::Mat picture = cascade_picture(as_mat(image));
        const auto candidates = impl_->refined(picture, impl_->propose(as_mat(image)));
        return impl_->output.faces(picture, candidates, impl_->options.output_score);
    });
}

}  // namespace facebus::vision

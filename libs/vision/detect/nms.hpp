// Private to libs/vision: candidate boxes of MTCNN and non-maximum suppression.
#pragma once

#include <array>
#include <vector>

namespace facebus::vision {

/// Box that one stage of the cascade passes to the next. Both corners belong to the box, as in the
/// training code of the networks, so its width is right - left + 1.
struct Candidate {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
    float score = 0;
    std::array<float, 4> shift{};    ///< correction of left, top, right, bottom, in box sizes
    std::array<float, 10> points{};  ///< landmarks, 5 x, then 5 y

    [[nodiscard]] double width() const { return right - left + 1; }
    [[nodiscard]] double height() const { return bottom - top + 1; }
    [[nodiscard]] double area() const { return width() * height(); }
};

/// What the intersection of two boxes is divided by: the area of their union (IoU) or of the
/// smaller box.
enum class Overlap { of_union, of_smaller };

/// Non-maximum suppression: returns the candidates, best score first, without those that overlap a
/// better one by more than `limit`. Candidates of equal score are ranked last to first, as the
/// reference does, which reads NumPy's argsort backwards.
std::vector<Candidate> suppress(std::vector<Candidate> candidates, double limit, Overlap overlap);

/// Moves the corners by `candidate.shift`, in units of `width` and `height`.
void apply_shift(Candidate& candidate, double width, double height);

/// Extends the shorter side on both ends until the box is square.
void make_square(Candidate& candidate);

}  // namespace facebus::vision

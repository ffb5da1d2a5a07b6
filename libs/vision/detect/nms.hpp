// Private to libs/vision: the candidate boxes of MTCNN, and thinning them out.
#pragma once

#include <array>
#include <vector>

namespace facebus::vision {

/// A box as the cascade passes it on. Both corners are pixels of the box, as in the networks'
/// training code, so its width is right - left + 1.
struct Candidate {
    double left = 0;
    double top = 0;
    double right = 0;
    double bottom = 0;
    float score = 0;
    std::array<float, 4> shift{};  ///< the network's correction of the corners, in box sizes
    std::array<float, 10> points{};

    [[nodiscard]] double width() const { return right - left + 1; }
    [[nodiscard]] double height() const { return bottom - top + 1; }
    [[nodiscard]] double area() const { return width() * height(); }
};

enum class Overlap { of_union, of_smaller };

/// Keeps the best of every group of boxes that overlap by more than `limit`; best score first.
/// Equal scores keep the order in which they came from last to first, as NumPy's argsort read
/// backwards does in the reference.
std::vector<Candidate> suppress(std::vector<Candidate> candidates, double limit, Overlap overlap);

/// Moves the corners by the network's correction, in units of `width` and `height`.
void apply_shift(Candidate& candidate, double width, double height);

/// Grows the shorter side about the centre until the box is square.
void make_square(Candidate& candidate);

}  // namespace facebus::vision

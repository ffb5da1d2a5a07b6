#include "vision/embed/golden.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace facebus::vision {

Image golden_image() {
    // Elliptical bump: 256 at its centre, falling to 0 at its edge.
    const auto bump = [](std::int64_t x, std::int64_t y, std::int64_t cx, std::int64_t cy,
                         std::int64_t rx, std::int64_t ry) -> std::int64_t {
        const std::int64_t part = 256 *
                                  ((x - cx) * (x - cx) * ry * ry + (y - cy) * (y - cy) * rx * rx) /
                                  (rx * rx * ry * ry);
        return std::max<std::int64_t>(0, 256 - part);
    };
    std::vector<std::byte> pixels;
    pixels.reserve(crop_bytes);
    for (int y = 0; y < crop_side; ++y) {
        for (int x = 0; x < crop_side; ++x) {
            const auto face = bump(x, y, 80, 84, 60, 80);
            const auto eyes = bump(x, y, 57, 66, 14, 8) + bump(x, y, 103, 66, 14, 8);
            const auto nose = bump(x, y, 80, 94, 10, 22);
            const auto mouth = bump(x, y, 80, 122, 26, 9);
            const auto add = [&](std::int64_t background, std::int64_t lit_face,
                                 std::int64_t lit_nose, std::int64_t dark_eyes,
                                 std::int64_t dark_mouth) {
                const auto value = background + face * lit_face / 256 + nose * lit_nose / 256 -
                                   eyes * dark_eyes / 256 - mouth * dark_mouth / 256;
                pixels.push_back(static_cast<std::byte>(std::clamp<std::int64_t>(value, 0, 255)));
            };
            // Blue, green, red.
            add(60 + (x + y) / 16, 90, 10, 80, 60);
            add(45 + x / 8, 120, 15, 110, 80);
            add(40 + y / 8, 170, 20, 130, 30);
        }
    }
    return {crop_side, crop_side, Bytes::take(std::move(pixels))};
}

double golden_cosine(std::span<const float> output, const GoldenOutput& golden) {
    if (output.size() != golden.values.size()) return 0;
    double dot = 0;
    double output_squares = 0;
    double golden_squares = 0;
    for (std::size_t i = 0; i < output.size(); ++i) {
        const double a{output[i]};
        const double b = golden.values[i];
        dot += a * b;
        output_squares += a * a;
        golden_squares += b * b;
    }
    return dot / std::sqrt(output_squares * golden_squares);
}

}  // namespace facebus::vision

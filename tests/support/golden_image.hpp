// The image of the golden files of models/.
#pragma once

#include <algorithm>
#include <cstdint>

#include <opencv2/core.hpp>

#include "base/image.hpp"
#include "support/images.hpp"

namespace facebus::test {

/// Draws the image that models/golden_embedding.json describes.
inline Image golden_image() {
    const auto bump = [](std::int64_t x, std::int64_t y, std::int64_t cx, std::int64_t cy,
                         std::int64_t rx, std::int64_t ry) -> std::int64_t {
        const std::int64_t part = 256 *
                                  ((x - cx) * (x - cx) * ry * ry + (y - cy) * (y - cy) * rx * rx) /
                                  (rx * rx * ry * ry);
        return std::max<std::int64_t>(0, 256 - part);
    };
    cv::Mat mat(crop_side, crop_side, CV_8UC3);
    for (int y = 0; y < crop_side; ++y) {
        for (int x = 0; x < crop_side; ++x) {
            const auto face = bump(x, y, 80, 84, 60, 80);
            const auto eyes = bump(x, y, 57, 66, 14, 8) + bump(x, y, 103, 66, 14, 8);
            const auto nose = bump(x, y, 80, 94, 10, 22);
            const auto mouth = bump(x, y, 80, 122, 26, 9);
            const auto level = [&](std::int64_t ground, std::int64_t f, std::int64_t n,
                                   std::int64_t e, std::int64_t m) {
                const auto value =
                    ground + face * f / 256 + nose * n / 256 - eyes * e / 256 - mouth * m / 256;
                return static_cast<unsigned char>(std::clamp<std::int64_t>(value, 0, 255));
            };
            mat.at<cv::Vec3b>(y, x) = {level(60 + (x + y) / 16, 90, 10, 80, 60),
                                       level(45 + x / 8, 120, 15, 110, 80),
                                       level(40 + y / 8, 170, 20, 130, 30)};
        }
    }
    return image_of(mat);
}

}  // namespace facebus::test

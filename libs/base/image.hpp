// Images, geometry and face quality: types used throughout facebus.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace facebus {

/// Image in memory: three channels of 8 bits in the order blue, green, red; rows from top to bottom
/// without padding. Invariant: pixels.size() == width * height * 3.
struct Image {
    int width = 0;
    int height = 0;
    Bytes pixels;

    [[nodiscard]] bool empty() const { return width == 0 || height == 0; }
};

inline constexpr std::size_t channels = 3;

/// Rectangle inside an image, in whole pixels.
struct Area {
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;

    bool operator==(const Area&) const = default;
};

/// Position in an image, in pixels from its top left corner.
struct Point {
    float x = 0;
    float y = 0;
};

/// Rectangle in fractional pixels. It may extend beyond the image.
struct Box {
    float x = 0;
    float y = 0;
    float width = 0;
    float height = 0;

    [[nodiscard]] float area() const { return width * height; }
    [[nodiscard]] Point centre() const { return {x + width / 2, y + height / 2}; }
};

/// Returns the intersection over union of two boxes, in [0, 1].
float iou(const Box& a, const Box& b);

/// Left eye, right eye, nose, left mouth corner and right mouth corner; left and right as seen in
/// the image.
using Landmarks = std::array<Point, 5>;

/// Returns the distance between the eyes in pixels, the usual measure of face size.
float eye_distance(const Landmarks& landmarks);

/// Side length in pixels of the square crop that is input to the embedding network.
inline constexpr int crop_side = 160;
/// Size in bytes of the pixels of a crop.
inline constexpr std::size_t crop_bytes = std::size_t{crop_side} * crop_side * channels;

/// Suitability of a crop for recognition.
struct Quality {
    float eye_distance = 0;  ///< distance between the eyes in the original image, pixels
    float sharpness = 0;  ///< variance of the Laplacian at normalised contrast; higher is sharper
    float yaw = 0;        ///< -1: turned to the left edge of the image, 0: frontal, 1: to the right
    float detector = 0;   ///< score of the face detector, 0..1
    float overall = 0;    ///< the other fields combined: 0 (useless) to 1 (good)
};

}  // namespace facebus

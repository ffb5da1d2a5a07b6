// Pictures and places in them, as every part of facebus sees them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/bytes.hpp"

namespace facebus {

/// A picture in memory: 8 bits a channel, three channels in the order blue, green, red, rows from
/// the top without padding, so pixels.size() == width * height * 3.
struct Image {
    int width = 0;
    int height = 0;
    Bytes pixels;

    [[nodiscard]] bool empty() const { return width == 0 || height == 0; }
};

inline constexpr std::size_t channels = 3;

/// A rectangle of whole pixels inside a picture.
struct Area {
    std::int32_t x = 0;
    std::int32_t y = 0;
    std::int32_t width = 0;
    std::int32_t height = 0;

    bool operator==(const Area&) const = default;
};

struct Point {
    float x = 0;
    float y = 0;
};

/// A rectangle in pixels, at fractions of a pixel; may reach outside the picture.
struct Box {
    float x = 0;
    float y = 0;
    float width = 0;
    float height = 0;

    [[nodiscard]] float area() const { return width * height; }
    [[nodiscard]] Point centre() const { return {x + width / 2, y + height / 2}; }
};

/// Intersection over union of two boxes, in [0, 1].
float iou(const Box& a, const Box& b);

/// Left eye, right eye, nose, left and right corner of the mouth, as seen in the picture.
using Landmarks = std::array<Point, 5>;

/// Distance between the eyes in pixels: the field's measure of a face's size.
float eye_distance(const Landmarks& landmarks);

/// Side of the square crop that the embedding network reads, in pixels.
inline constexpr int crop_side = 160;
inline constexpr std::size_t crop_bytes = std::size_t{crop_side} * crop_side * channels;

/// How good a crop is for recognition. Sizes in pixels of the picture that the face was found in.
struct Quality {
    float eye_distance = 0;  ///< pixels between the eyes
    float sharpness =
        0;               ///< variance of the Laplacian over the crop's grey values; more is sharper
    float yaw = 0;       ///< -1 (left profile) .. 0 (frontal) .. 1, from the nose between the eyes
    float detector = 0;  ///< the detector's score, 0..1
    float overall = 0;   ///< all of the above as one weight, 0 (useless) .. 1 (good)
};

}  // namespace facebus

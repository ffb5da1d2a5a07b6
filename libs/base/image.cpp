#include "base/image.hpp"

#include <algorithm>
#include <cmath>

namespace facebus {

float iou(const Box& a, const Box& b) {
    const float left = std::max(a.x, b.x);
    const float top = std::max(a.y, b.y);
    const float right = std::min(a.x + a.width, b.x + b.width);
    const float bottom = std::min(a.y + a.height, b.y + b.height);
    if (right <= left || bottom <= top) return 0;
    const float common = (right - left) * (bottom - top);
    return common / (a.area() + b.area() - common);
}

float eye_distance(const Landmarks& landmarks) {
    return std::hypot(landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y);
}

}  // namespace facebus

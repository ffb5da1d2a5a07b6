#include "vision/crop/quality.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// The part of the crop that is face whatever its pose: hair and background say nothing.
const cv::Rect face_part(30, 24, 100, 112);
// Contrast to which every crop is brought first, so that a bright scene is no sharper than a dim
// one.
constexpr double contrast = 50;
// Crops with less contrast than this are amplified no further: what shows in near-darkness is
// mostly the blocks of the video compression.
constexpr double least_deviation = 20;

float sharpness_of(const cv::Mat& crop) {
    cv::Mat grey;
    cv::cvtColor(crop(face_part), grey, cv::COLOR_BGR2GRAY);
    // Takes away single-pixel noise, which is no detail of a face.
    cv::GaussianBlur(grey, grey, {3, 3}, 0);
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(grey, mean, deviation);
    const double gain = contrast / std::max(deviation[0], least_deviation);
    cv::Mat edges;
    cv::Laplacian(grey, edges, CV_32F, 1, gain);
    cv::meanStdDev(edges, mean, deviation);
    return static_cast<float>(deviation[0] * deviation[0]);
}

/// Where the nose stands across the line between the eyes: 0 in the middle, 1 over the right eye.
float yaw_of(const Landmarks& landmarks) {
    const Point across{landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y};
    const float length = across.x * across.x + across.y * across.y;
    if (length <= 0) return 1;  // one eye behind the other: as much of a profile as can be
    const Point nose{landmarks[2].x - landmarks[0].x, landmarks[2].y - landmarks[0].y};
    const float along = (nose.x * across.x + nose.y * across.y) / length;
    return std::clamp(2 * along - 1, -1.0F, 1.0F);
}

/// 0 at `bad`, 1 at `good`, straight between.
float rising(float value, float bad, float good) {
    return std::clamp((value - bad) / (good - bad), 0.0F, 1.0F);
}

}  // namespace

Quality assess(const Image& crop, const Detection& face) {
    assert(crop.width == crop_side && crop.height == crop_side);
    Quality quality;
    quality.eye_distance = eye_distance(face.landmarks);
    quality.yaw = yaw_of(face.landmarks);
    quality.detector = face.score;
    quality.sharpness = translated("measuring a crop", [&] { return sharpness_of(as_mat(crop)); });
    // Geometric mean: one term of 0 makes the crop useless, however good the others are.
    const float size = rising(quality.eye_distance, 6, 32);
    // Root of the sharpness on LFW: 7.2 as it is, 3.8 blurred by 2 pixels, 3.0 enlarged from 16
    // pixels.
    const float sharp = rising(std::sqrt(quality.sharpness), 2, 7);
    const float frontal = 1 - rising(std::abs(quality.yaw), 0.25F, 1);
    quality.overall = std::cbrt(size * sharp * frontal);
    // Apart, and with full weight: hands, patterns and the like pass the detector with up to 0.95,
    // and are often large, sharp and "frontal".
    quality.overall *= rising(quality.detector, 0.85F, 0.995F);
    return quality;
}

}  // namespace facebus::vision

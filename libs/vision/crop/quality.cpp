#include "vision/crop/quality.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// Part of the crop whose sharpness is measured: without most of the hair and the background.
const cv::Rect face_part(30, 24, 100, 112);
// Crops are normalised to this contrast (standard deviation of the grey levels), so that good
// lighting alone does not count as sharpness.
constexpr double contrast = 50;
// Crops with a lower contrast than this are amplified only as much as a crop with this contrast: in
// near-darkness, most of the contrast comes from the blocks of the video compression.
constexpr double min_deviation = 20;

/// Returns the variance of the Laplacian of the crop at normalised contrast. The Laplacian responds
/// to edges, and a blurred image has only weak edges.
float sharpness_of(const cv::Mat& crop) {
    cv::Mat grey;
    cv::cvtColor(crop(face_part), grey, cv::COLOR_BGR2GRAY);
    // Without rounding to whole grey levels: the steps would look like edges in a blurred crop.
    grey.convertTo(grey, CV_32F);
    // Reduce single-pixel noise, because the Laplacian responds to it, too.
    cv::GaussianBlur(grey, grey, {3, 3}, 0);
    cv::Scalar mean;
    cv::Scalar deviation;
    cv::meanStdDev(grey, mean, deviation);
    // The Laplacian is linear, so scaling its output equals scaling the contrast of the crop.
    const double gain = contrast / std::max(deviation[0], min_deviation);
    cv::Mat edges;
    cv::Laplacian(grey, edges, CV_32F, 1, gain);
    cv::meanStdDev(edges, mean, deviation);
    return static_cast<float>(deviation[0] * deviation[0]);
}

/// Returns the yaw, estimated from the position of the nose along the line between the eyes. It is
/// 0 if the nose is in the middle, -1 if it is at the eye on the left of the image, and 1 if it is
/// at the eye on the right.
float yaw_of(const Landmarks& landmarks) {
    const Point across{landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y};
    const float length = across.x * across.x + across.y * across.y;
    if (length <= 0) return 1;  // both eyes at the same position: a full profile
    const Point nose{landmarks[2].x - landmarks[0].x, landmarks[2].y - landmarks[0].y};
    const float along = (nose.x * across.x + nose.y * across.y) / length;
    return std::clamp(2 * along - 1, -1.0F, 1.0F);
}

/// Returns 0 if the value is at most `bad`, 1 if it is at least `good`, and interpolates linearly
/// in between.
float ramp(float value, float bad, float good) {
    return std::clamp((value - bad) / (good - bad), 0.0F, 1.0F);
}

}  // namespace

Quality assess(const Image& crop, const Detection& face) {
    assert(crop.width == crop_side && crop.height == crop_side);
    Quality quality;
    quality.eye_distance = eye_distance(face.landmarks);
    quality.yaw = yaw_of(face.landmarks);
    quality.detector = face.score;
    quality.sharpness =
        rethrow_opencv_errors("measuring a crop", [&] { return sharpness_of(as_mat(crop)); });
    // Take the geometric mean of size, sharpness and pose: if one of them is 0, the crop is
    // useless, however good the others are.
    const float size = ramp(quality.eye_distance, 6, 32);
    // On LFW, the median of the square root of the sharpness is about 6.1 for original crops, 2.4,
    // 1.6 and 0.9 for crops of images that were blurred with a Gaussian filter of sigma 2, 3 and 10
    // pixels, and 3.1 for images enlarged from 64 x 64 pixels.
    const float sharp = ramp(std::sqrt(quality.sharpness), 1, 6.7F);
    const float frontal = 1 - ramp(std::abs(quality.yaw), 0.25F, 1);
    quality.overall = std::cbrt(size * sharp * frontal);
    // Multiply the mean by a factor for the detector's score, instead of including the score in the
    // mean: hands, patterns and similar false detections have scores up to 0.95, and are often
    // large, sharp and "frontal".
    quality.overall *= ramp(quality.detector, 0.85F, 0.995F);
    return quality;
}

}  // namespace facebus::vision

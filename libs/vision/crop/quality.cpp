#include "vision/crop/quality.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

namespace {

// The part of the crop that shows the face in any pose. Hair and background are not measured.
const cv::Rect face_part(30, 24, 100, 112);
// All crops are normalised to this contrast (standard deviation of the grey values), so that a
// bright scene does not count as sharper than a dim one.
constexpr double contrast = 50;
// Limits the amplification: in near-darkness, most of the remaining contrast comes from the blocks
// of the video compression.
constexpr double min_deviation = 20;

/// Returns the variance of the Laplacian: the Laplacian responds to edges, and a blurred image has
/// only weak ones.
float sharpness_of(const cv::Mat& crop) {
    cv::Mat grey;
    cv::cvtColor(crop(face_part), grey, cv::COLOR_BGR2GRAY);
    // Removes single-pixel noise, to which the Laplacian would respond, too.
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

/// Returns the yaw estimated from the nose: its position along the line between the eyes, 0 in the
/// middle, -1 at the left eye, 1 at the right eye.
float yaw_of(const Landmarks& landmarks) {
    const Point across{landmarks[1].x - landmarks[0].x, landmarks[1].y - landmarks[0].y};
    const float length = across.x * across.x + across.y * across.y;
    if (length <= 0) return 1;  // both eyes in one place: a full profile
    const Point nose{landmarks[2].x - landmarks[0].x, landmarks[2].y - landmarks[0].y};
    const float along = (nose.x * across.x + nose.y * across.y) / length;
    return std::clamp(2 * along - 1, -1.0F, 1.0F);
}

/// Returns 0 up to `bad`, 1 from `good`, and interpolates linearly between.
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
    quality.sharpness =
        rethrow_opencv_errors("measuring a crop", [&] { return sharpness_of(as_mat(crop)); });
    // The geometric mean of size, sharpness and pose: if one of them is 0, the crop is useless,
    // however good the others are.
    const float size = rising(quality.eye_distance, 6, 32);
    // Square root of the sharpness on LFW: 7.2 for original images, 3.8 blurred by 2 pixels, 3.0
    // enlarged from 16 pixels.
    const float sharp = rising(std::sqrt(quality.sharpness), 2, 7);
    const float frontal = 1 - rising(std::abs(quality.yaw), 0.25F, 1);
    quality.overall = std::cbrt(size * sharp * frontal);
    // The detector's score is not part of the mean but has full weight: hands, patterns and the
    // like reach scores up to 0.95, and are often large, sharp and "frontal".
    quality.overall *= rising(quality.detector, 0.85F, 0.995F);
    return quality;
}

}  // namespace facebus::vision

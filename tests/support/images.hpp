// Synthetic images, and conversions between Image and cv::Mat.
#pragma once

#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "base/image.hpp"
#include "base/temporary_folder.hpp"

namespace facebus::test {

/// Returns a copy of the matrix as an image.
inline Image image_of(const cv::Mat& mat) {
    const cv::Mat continuous = mat.isContinuous() ? mat : mat.clone();
    return {mat.cols, mat.rows,
            Bytes::copy(continuous.data, continuous.total() * continuous.elemSize())};
}

/// Returns a matrix that shares the pixels of the image. It is valid as long as the image exists.
inline cv::Mat mat_of(const Image& image) {
    const void* pixels = image.pixels.data();
    return {image.height, image.width, CV_8UC3, const_cast<void*>(pixels)};
}

/// Returns an image with a single colour.
inline Image flat(int width, int height, const cv::Scalar& colour) {
    return image_of(cv::Mat(height, width, CV_8UC3, colour));
}

/// Returns a square image of smooth random blobs that depend only on `side` and `seed`.
inline cv::Mat texture(int side, unsigned seed) {
    cv::RNG random(seed * 7919ULL + 1);
    cv::Mat small(8, 8, CV_8UC3);
    random.fill(small, cv::RNG::UNIFORM, 20, 235);
    cv::Mat large;
    cv::resize(small, large, {side, side}, 0, 0, cv::INTER_CUBIC);
    return large;
}

}  // namespace facebus::test

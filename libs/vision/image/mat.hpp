// Private to libs/vision: facebus pictures as OpenCV's and back, without copying pixels, and
// OpenCV's exceptions as facebus errors.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <opencv2/core.hpp>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// The picture's own pixels. They are shared and must not be written to.
inline cv::Mat as_mat(const Image& image) {
    if (image.empty()) return {};
    const void* pixels = image.pixels.data();
    return {image.height, image.width, CV_8UC3, const_cast<void*>(pixels)};
}

/// Takes over an 8-bit BGR matrix; copies only where its rows have gaps.
inline Image to_image(cv::Mat mat) {
    CV_Assert(mat.type() == CV_8UC3);
    if (mat.empty()) return {};
    // A matrix without reference count is a view of memory that somebody else frees.
    if (!mat.isContinuous() || mat.u == nullptr) mat = mat.clone();
    const int width = mat.cols;
    const int height = mat.rows;
    const auto size = mat.total() * mat.elemSize();
    auto owner = std::make_shared<const cv::Mat>(std::move(mat));
    const auto* data = owner->data;
    return {width, height, Bytes(std::move(owner), data, size)};
}

/// cv::Exception::what() spreads over lines and names source files; this is its reason alone.
inline std::string reason(const cv::Exception& exception) {
    return exception.err.empty() ? "OpenCV failed" : exception.err;
}

/// Runs `work`; what OpenCV throws comes out as a StartupError, so that no other library has to
/// know cv::Exception. For failures that input can't cause.
template <class Work>
std::invoke_result_t<Work> translated(const char* what, Work work) {
    try {
        return work();
    } catch (const cv::Exception& exception) {
        throw StartupError(Exit::software, std::string(what) + ": " + reason(exception));
    }
}

}  // namespace facebus::vision

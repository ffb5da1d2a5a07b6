// Private to libs/vision: converts facebus images to OpenCV matrices and back, without copying
// pixels if possible. Also converts OpenCV exceptions to FatalError.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <opencv2/core.hpp>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Returns a view of the image's pixels. Requires: the image outlives the view, and the pixels are
/// not modified through it.
inline cv::Mat as_mat(const Image& image) {
    if (image.empty()) return {};
    const void* pixels = image.pixels.data();
    return {image.height, image.width, CV_8UC3, const_cast<void*>(pixels)};
}

/// Converts an 8-bit BGR matrix to an image that owns the pixels. Copies the pixels only if there
/// are gaps between the rows or `mat` does not own the pixels.
inline Image to_image(cv::Mat mat) {
    CV_Assert(mat.type() == CV_8UC3);
    if (mat.empty()) return {};
    // A matrix without a reference count is a view of memory that it does not own.
    if (!mat.isContinuous() || mat.u == nullptr) mat = mat.clone();
    const int width = mat.cols;
    const int height = mat.rows;
    const auto size = mat.total() * mat.elemSize();
    auto owner = std::make_shared<const cv::Mat>(std::move(mat));
    const auto* data = owner->data;
    return {width, height, Bytes(std::move(owner), data, size)};
}

/// Returns the cause of the exception without the source file, line and function that what()
/// contains.
inline std::string reason(const cv::Exception& exception) {
    return exception.err.empty() ? "OpenCV failed" : exception.err;
}

/// Runs `work` and rethrows OpenCV's exceptions as `FatalError` (software), so that users of
/// libs/vision need not know cv::Exception. `what`: description of the work, for the message. Use
/// this only for failures that no input can cause.
template <class Work>
std::invoke_result_t<Work> rethrow_opencv_errors(const char* what, Work work) {
    try {
        return work();
    } catch (const cv::Exception& exception) {
        throw FatalError(Exit::software, std::string(what) + ": " + reason(exception));
    }
}

}  // namespace facebus::vision

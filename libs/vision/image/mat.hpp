// Private to libs/vision: converts images between facebus and OpenCV without copying pixels, and
// OpenCV's exceptions to facebus errors.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <opencv2/core.hpp>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Returns a view of the image's pixels, which must not be modified: they are shared.
inline cv::Mat as_mat(const Image& image) {
    if (image.empty()) return {};
    const void* pixels = image.pixels.data();
    return {image.height, image.width, CV_8UC3, const_cast<void*>(pixels)};
}

/// Converts an 8-bit BGR matrix. Takes ownership of its pixels; copies them only if its rows have
/// gaps or it does not own them.
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

/// Returns the reason of the exception in one line. (what() has several and names source files.)
inline std::string reason(const cv::Exception& exception) {
    return exception.err.empty() ? "OpenCV failed" : exception.err;
}

/// Runs `work` and rethrows OpenCV's exceptions as `FatalError` (software), so that other
/// libraries need not know cv::Exception. `what`: the activity, for the message. Use it only for
/// failures that input can't cause.
template <class Work>
std::invoke_result_t<Work> rethrow_opencv_errors(const char* what, Work work) {
    try {
        return work();
    } catch (const cv::Exception& exception) {
        throw FatalError(Exit::software, std::string(what) + ": " + reason(exception));
    }
}

}  // namespace facebus::vision

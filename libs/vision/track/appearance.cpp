#include "vision/track/appearance.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <opencv2/imgproc.hpp>

#include "vision/image/mat.hpp"

namespace facebus::vision {

Appearance::Appearance(const Image& crop) {
    if (crop.empty()) return;
    rethrow_opencv_errors("comparing crops", [&] {
        cv::Mat small;
        cv::resize(as_mat(crop), small, {grey_side, grey_side}, 0, 0, cv::INTER_AREA);
        cv::cvtColor(small, small, cv::COLOR_BGR2GRAY);
        std::copy_n(small.ptr<unsigned char>(), grey_.size(), grey_.begin());
    });
    standardise();
}

void Appearance::standardise() {
    const float mean =
        std::accumulate(grey_.begin(), grey_.end(), 0.0F) / static_cast<float>(grey_.size());
    for (float& value : grey_) value -= mean;
    const float norm =
        std::sqrt(std::inner_product(grey_.begin(), grey_.end(), grey_.begin(), 0.0F));
    // The norm is the standard deviation times grey_side, the square root of the number of pixels.
    // If the standard deviation is at most one grey level, the crop has no contrast.
    has_contrast_ = norm > grey_side;
    if (!has_contrast_) return;
    for (float& value : grey_) value /= norm;
}

float Appearance::similarity(const Appearance& other) const {
    if (!has_contrast_ || !other.has_contrast_) return 1;
    return std::inner_product(grey_.begin(), grey_.end(), other.grey_.begin(), 0.0F);
}

void Appearance::blend(const Appearance& newer) {
    if (!newer.has_contrast_) return;
    if (!has_contrast_) {
        *this = newer;
        return;
    }
    // Both have unit norm. Scale the sum to the range of grey levels, because standardise() decides
    // from the norm whether there is contrast.
    constexpr float scale = 256;
    for (std::size_t i = 0; i < grey_.size(); ++i) grey_[i] = scale * (grey_[i] + newer.grey_[i]);
    standardise();
}

}  // namespace facebus::vision

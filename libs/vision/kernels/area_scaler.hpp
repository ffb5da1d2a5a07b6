// Private to libs/vision: scaling parts of a picture for the networks of MTCNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "base/instructions.hpp"

namespace facebus::vision {

/// Scales a part of a picture by the area of pixels, as cv::resize() with INTER_AREA does, and
/// standardises it: (x - pixel_mean) * pixel_scale. From 8-bit numbers straight to floats, rows
/// before columns, and no copy of the part: several times as fast. Not thread-safe.
class AreaScaler {
  public:
    /// Prepares to scale the part `wanted` of the picture (8-bit, three channels), black where it
    /// reaches outside, to `size`. The picture's data must stay. `rounded`, for parts that lie
    /// inside and shrink: to the whole numbers of an 8-bit picture scaled by cv::resize(), before
    /// they are standardised.
    AreaScaler(const cv::Mat& picture, const cv::Rect& wanted, const cv::Size& size, bool rounded,
               Instructions instructions = best_instructions());

    /// Row `y` of what comes out, 3 numbers a pixel. Valid until the next call.
    const float* row(int y);

  private:
    /// The pixels that a pixel comes from.
    struct Reach {
        std::size_t first = 0;  ///< in the part
        std::size_t count = 0;
        std::size_t weights = 0;  ///< where they begin in weights_
    };

    std::vector<Reach> reaches(int length, int target, bool shrinks);
    /// A number in the order of cv::resize(): near a half, another order may round another way, and
    /// one such pixel can move a face's landmarks.
    [[nodiscard]] float rounded(const Reach& rows, const Reach& columns, std::size_t channel) const;

    cv::Mat picture_;
    cv::Rect wanted_;
    cv::Rect inside_;
    Instructions instructions_;
    bool rounded_;
    bool whole_ = false;  ///< whether whole pixels make one
    std::vector<float> weights_;
    std::vector<Reach> rows_;
    std::vector<Reach> columns_;
    std::vector<const std::uint8_t*> sources_;
    std::vector<float> sums_;  ///< a row of the part, scaled in height
    std::vector<float> out_;
};

}  // namespace facebus::vision

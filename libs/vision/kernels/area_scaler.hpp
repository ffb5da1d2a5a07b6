// Private to libs/vision: scales regions of an image for the networks of MTCNN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <opencv2/core.hpp>

#include "base/instructions.hpp"

namespace facebus::vision {

/// Scales a region of an image like cv::resize() with INTER_AREA: each output pixel is the average
/// of the input pixels that it covers, weighted by the covered area. Then standardises each value x
/// to (x - pixel_mean) * pixel_scale, with the constants of vision/detect/cascade.hpp. Converts
/// 8-bit pixels directly to floats, row by row, without copying the region. Not thread-safe.
class AreaScaler {
  public:
    /// Prepares to scale `region` of `image` to `size`. Parts of the region outside the image are
    /// black. If `rounded`, pixels are rounded before they are standardised, to the same integers
    /// as those of cv::resize() for 8-bit images. Requires: `image` is 8-bit with three channels,
    /// and its pixels outlive the scaler; if `rounded`, the region lies inside the image and is not
    /// enlarged.
    AreaScaler(const cv::Mat& image, const cv::Rect& region, const cv::Size& size, bool rounded,
               Instructions instructions = best_instructions());

    /// Returns row `y` of the result, with 3 floats per pixel. The row is valid until the next
    /// call.
    const float* row(int y);

  private:
    /// The input pixels along one axis that contribute to one output pixel.
    struct Footprint {
        std::size_t first = 0;    ///< first pixel, relative to the region
        std::size_t count = 0;    ///< number of pixels
        std::size_t weights = 0;  ///< index of the first pixel's weight in weights_
    };

    /// Returns the footprints of all output pixels along an axis that is scaled from `length` to
    /// `target` pixels, and appends their weights to weights_. `shrinks`: neither axis is enlarged.
    std::vector<Footprint> footprints(int length, int target, bool shrinks);
    /// Returns one rounded channel of one output pixel. Adds the input pixels in the same order as
    /// cv::resize(). If the fractional part of the sum is close to one half, another order can
    /// change the rounded value, and one such pixel can move the landmarks of a face.
    [[nodiscard]] float round_exactly(const Footprint& rows, const Footprint& columns,
                                      std::size_t channel) const;

    cv::Mat image_;
    cv::Rect region_;
    cv::Rect inside_;  ///< part of the region that lies inside the image
    Instructions instructions_;
    bool rounded_;
    bool integer_ratio_ = false;  ///< whether each output pixel covers whole input pixels
    std::vector<float> weights_;  ///< weights of all footprints
    std::vector<Footprint> rows_;
    std::vector<Footprint> columns_;
    std::vector<const std::uint8_t*> sources_;  ///< input rows that row() adds up
    std::vector<float> sums_;                   ///< one row of the region, scaled vertically
    std::vector<float> out_;                    ///< one row of the result
};

}  // namespace facebus::vision

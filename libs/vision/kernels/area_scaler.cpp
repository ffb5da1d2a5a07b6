#include "vision/kernels/area_scaler.hpp"

#include <algorithm>
#include <cmath>

#include "vision/detect/cascade.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facebus::vision {
namespace {

std::size_t to_size(int value) {
    return static_cast<std::size_t>(value);
}

// widen() converts bytes to floats, as many as `out` has elements.

typedef float Four __attribute__((vector_size(16)));
__attribute__((always_inline)) inline void widen(const std::uint8_t* bytes, Four& out) {
    typedef std::uint8_t Bytes __attribute__((vector_size(16)));
    typedef std::int32_t Whole __attribute__((vector_size(16)));
    Bytes low{};
    __builtin_memcpy(&low, bytes, 4);
    // Convert the four bytes to four 32-bit integers by inserting zeros. Each of the two shuffles
    // compiles to one instruction.
    low = __builtin_shufflevector(low, Bytes{}, 0, 16, 1, 16, 2, 16, 3, 16, 16, 16, 16, 16, 16, 16,
                                  16, 16);
    low = __builtin_shufflevector(low, Bytes{}, 0, 1, 16, 16, 2, 3, 16, 16, 4, 5, 16, 16, 6, 7, 16,
                                  16);
    Whole whole;
    __builtin_memcpy(&whole, &low, sizeof whole);
    out = __builtin_convertvector(whole, Four);
}

#if defined(__x86_64__)
typedef float Eight __attribute__((vector_size(32)));
__attribute__((always_inline, target("avx2,fma"))) inline void widen(const std::uint8_t* bytes,
                                                                     Eight& out) {
    out = _mm256_cvtepi32_ps(
        _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))));
}
#endif

#define KERNELS "vision/kernels/area_kernels.inc"
#include "vision/kernels/vectors.inc"

}  // namespace

AreaScaler::AreaScaler(const cv::Mat& image, const cv::Rect& region, const cv::Size& size,
                       bool rounded, Instructions instructions)
    : image_(image),
      region_(region),
      inside_(region & cv::Rect(0, 0, image.cols, image.rows)),
      instructions_(instructions),
      rounded_(rounded) {
    CV_Assert(image.type() == CV_8UC3 && region.width > 0 && region.height > 0);
    CV_Assert(!rounded || inside_ == region);
    if (inside_.empty()) inside_ = {region.x, region.y, 0, 0};
    const bool shrinks = region.width >= size.width && region.height >= size.height;
    rows_ = footprints(region.height, size.height, shrinks);
    columns_ = footprints(region.width, size.width, shrinks);
    integer_ratio_ = region.width % size.width == 0 && region.height % size.height == 0;
    // row() reads and writes pixels as vectors of four floats, so allocate one more float after the
    // last pixel. Columns of sums_ outside the image are never written and remain black.
    sums_.assign(3 * to_size(region.width) + 1, 0);
    out_.resize(3 * to_size(size.width) + 1);
}

std::vector<AreaScaler::Footprint> AreaScaler::footprints(int length, int target, bool shrinks) {
    // Apply the formulas of cv::resize(), in the same order, so that the weights are identical to
    // the last bit.
    const double scale = 1 / (static_cast<double>(target) / length);
    std::vector<Footprint> all;
    all.reserve(to_size(target));
    for (int i = 0; i < target; ++i) {
        Footprint footprint;
        footprint.weights = weights_.size();
        if (!shrinks) {
            // At least one axis is enlarged. On that axis, an output pixel is smaller than an input
            // pixel, so it overlaps at most two input pixels. The weight of each of them is its
            // share of the output pixel. cv::resize() uses the same formula for the other axis.
            const int first = std::min(static_cast<int>(std::floor(i * scale)), length - 1);
            const double second = first < length - 1 ? i + 1 - (first + 1) / scale : 0;
            const double part = second <= 0 ? 0 : second - std::floor(second);
            footprint.first = to_size(first);
            weights_.push_back(static_cast<float>(1 - part));
            if (part > 0) weights_.push_back(static_cast<float>(part));
        } else {
            // An output pixel covers the interval from `begin` to `begin + scale`: part of an input
            // pixel, then the whole pixels from `first_whole` to before `whole_end`, then part of
            // another pixel. The weight of each is its covered length, divided by the length of the
            // interval.
            constexpr double negligible = 1e-3;  // ignore parts shorter than this, in pixels
            const double begin = i * scale;
            const int whole_end = std::min(static_cast<int>(std::floor(begin + scale)), length - 1);
            const int first_whole = std::min(static_cast<int>(std::ceil(begin)), whole_end);
            const double size = std::min(scale, length - begin);
            footprint.first = to_size(first_whole);
            if (first_whole - begin > negligible) {
                --footprint.first;
                weights_.push_back(static_cast<float>((first_whole - begin) / size));
            }
            for (int whole = first_whole; whole < whole_end; ++whole) {
                weights_.push_back(static_cast<float>(1 / size));
            }
            if (begin + scale - whole_end > negligible) {
                const double part = std::min({begin + scale - whole_end, 1.0, size});
                weights_.push_back(static_cast<float>(part / size));
            }
        }
        footprint.count = weights_.size() - footprint.weights;
        all.push_back(footprint);
    }
    return all;
}

const float* AreaScaler::row(int y) {
    // Each weight is the product of a vertical and a horizontal weight, so scale in two passes. The
    // vertical pass is first, because it adds whole rows of the image, which vectorises well, and
    // leaves only a single row to the horizontal pass.
    const Footprint& footprint = rows_[to_size(y)];
    const auto begin = 3 * to_size(inside_.x - region_.x);
    const auto width = 3 * to_size(inside_.width);
    // Skip rows outside the image, because they are black and add nothing.
    const int top = region_.y + static_cast<int>(footprint.first);
    const int from = std::clamp(inside_.y - top, 0, static_cast<int>(footprint.count));
    const int to = std::clamp(inside_.br().y - top, from, static_cast<int>(footprint.count));
    sources_.clear();
    for (int i = from; i < to; ++i) {
        sources_.push_back(image_.ptr(top + i) + 3 * to_size(inside_.x));
    }
    const float* weights = weights_.data() + footprint.weights + to_size(from);
#if defined(__x86_64__)
    if (instructions_ != Instructions::plain) {
        by_eight::add_rows(sources_.data(), weights, sources_.size(), width, sums_.data() + begin);
    } else
#endif
    {
        by_four::add_rows(sources_.data(), weights, sources_.size(), width, sums_.data() + begin);
    }
    // Horizontal pass: process the three channels of a pixel in one vector of four floats. The
    // fourth float belongs to the next pixel, which overwrites it.
    const auto mean = static_cast<float>(pixel_mean);
    const auto scale = static_cast<float>(pixel_scale);
    float* out = out_.data();
    for (std::size_t x = 0; x < columns_.size(); ++x, out += 3) {
        const Footprint& column = columns_[x];
        const float* in = sums_.data() + 3 * column.first;
        Four sum{};
        for (std::size_t i = 0; i < column.count; ++i, in += 3) {
            Four pixel;
            __builtin_memcpy(&pixel, in, sizeof pixel);
            sum += weights_[column.weights + i] * pixel;
        }
        if (rounded_) {
            // A float above 2^23 has no bits for a fraction. Adding and subtracting 1.5 * 2^23
            // therefore rounds the sum to an integer, which is faster than a conversion.
            constexpr float large = 12582912;
            const Four whole = sum + large - large;
            const Four fraction = sum - whole;
            sum = whole;
            // If the fraction is close to one half, the rounded value depends on the order of the
            // additions, and cv::resize() adds in a different order. Compute such rare pixels
            // again, in the order of cv::resize().
            constexpr float nearly_half = 0.4999F;
            const auto doubtful = (fraction > nearly_half) | (fraction < -nearly_half);
            if ((doubtful[0] | doubtful[1] | doubtful[2]) != 0) {
                for (std::size_t c = 0; c < 3; ++c) sum[c] = round_exactly(footprint, column, c);
            }
        }
        sum = (sum - mean) * scale;
        __builtin_memcpy(out, &sum, sizeof sum);
    }
    return out_.data();
}

float AreaScaler::round_exactly(const Footprint& rows, const Footprint& columns,
                                std::size_t channel) const {
    const auto pixel = [&](std::size_t row, std::size_t column) {
        return image_.ptr(
            region_.y +
            static_cast<int>(
                rows.first +
                row))[3 * (static_cast<std::size_t>(region_.x) + columns.first + column) + channel];
    };
    // For integer ratios, cv::resize() adds up integers. It rounds halves to even, but if an output
    // pixel covers 2 x 2 input pixels, it rounds halves up. All levels of MTCNN's image pyramid
    // have the same aspect ratio, so an area of 4 input pixels is always 2 x 2.
    if (integer_ratio_) {
        int sum = 0;
        for (std::size_t row = 0; row < rows.count; ++row) {
            for (std::size_t column = 0; column < columns.count; ++column) {
                sum += pixel(row, column);
            }
        }
        const auto area = static_cast<int>(rows.count * columns.count);
        const int halves_up = (sum + 2) / 4;
        if (area == 4) return static_cast<float>(halves_up);
        return std::nearbyint(static_cast<float>(sum) * (1 / static_cast<float>(area)));
    }
    // For other ratios, cv::resize() scales each row horizontally and then adds up the rows.
    float sum = 0;
    for (std::size_t row = 0; row < rows.count; ++row) {
        float row_sum = 0;
        for (std::size_t column = 0; column < columns.count; ++column) {
            row_sum += static_cast<float>(pixel(row, column)) * weights_[columns.weights + column];
        }
        sum += weights_[rows.weights + row] * row_sum;
    }
    return std::nearbyint(sum);
}

}  // namespace facebus::vision

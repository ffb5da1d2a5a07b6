#include "vision/kernels/area_scaler.hpp"

#include <algorithm>
#include <cmath>

#include "vision/detect/cascade.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facebus::vision {
namespace {

std::size_t number(int value) {
    return static_cast<std::size_t>(value);
}

// Reads one byte for each float of `out`.

typedef float Four __attribute__((vector_size(16)));
__attribute__((always_inline)) inline void widen(const std::uint8_t* bytes, Four& out) {
    typedef std::uint8_t Bytes __attribute__((vector_size(16)));
    typedef std::int32_t Whole __attribute__((vector_size(16)));
    Bytes low{};
    __builtin_memcpy(&low, bytes, 4);
    // In two steps, each of which is one instruction.
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

AreaScaler::AreaScaler(const cv::Mat& picture, const cv::Rect& wanted, const cv::Size& size,
                       bool rounded, Instructions instructions)
    : picture_(picture),
      wanted_(wanted),
      inside_(wanted & cv::Rect(0, 0, picture.cols, picture.rows)),
      instructions_(instructions),
      rounded_(rounded) {
    CV_Assert(picture.type() == CV_8UC3 && wanted.width > 0 && wanted.height > 0);
    CV_Assert(!rounded || inside_ == wanted);
    if (inside_.empty()) inside_ = {wanted.x, wanted.y, 0, 0};
    const bool shrinks = wanted.width >= size.width && wanted.height >= size.height;
    rows_ = reaches(wanted.height, size.height, shrinks);
    columns_ = reaches(wanted.width, size.width, shrinks);
    whole_ = wanted.width % size.width == 0 && wanted.height % size.height == 0;
    // A pixel is read and written as four numbers.
    sums_.assign(3 * number(wanted.width) + 1, 0);
    out_.resize(3 * number(size.width) + 1);
}

std::vector<AreaScaler::Reach> AreaScaler::reaches(int length, int target, bool shrinks) {
    // All as cv::resize() computes it, to the last bit.
    const double scale = 1 / (static_cast<double>(target) / length);
    std::vector<Reach> all;
    all.reserve(number(target));
    for (int i = 0; i < target; ++i) {
        Reach reach;
        reach.weights = weights_.size();
        if (!shrinks) {
            // Where there is less than a pixel to a pixel, two neighbours by how far each reaches
            // into it.
            const int first = std::min(static_cast<int>(std::floor(i * scale)), length - 1);
            const double second = first < length - 1 ? i + 1 - (first + 1) / scale : 0;
            const double part = second <= 0 ? 0 : second - std::floor(second);
            reach.first = number(first);
            weights_.push_back(static_cast<float>(1 - part));
            if (part > 0) weights_.push_back(static_cast<float>(part));
        } else {
            constexpr double least = 1e-3;  // of a pixel; less is left out
            const double begin = i * scale;
            const int last_whole =
                std::min(static_cast<int>(std::floor(begin + scale)), length - 1);
            const int first_whole = std::min(static_cast<int>(std::ceil(begin)), last_whole);
            const double size = std::min(scale, length - begin);
            reach.first = number(first_whole);
            if (first_whole - begin > least) {
                --reach.first;
                weights_.push_back(static_cast<float>((first_whole - begin) / size));
            }
            for (int whole = first_whole; whole < last_whole; ++whole) {
                weights_.push_back(static_cast<float>(1 / size));
            }
            if (begin + scale - last_whole > least) {
                const double part = std::min({begin + scale - last_whole, 1.0, size});
                weights_.push_back(static_cast<float>(part / size));
            }
        }
        reach.count = weights_.size() - reach.weights;
        all.push_back(reach);
    }
    return all;
}

const float* AreaScaler::row(int y) {
    const Reach& reach = rows_[number(y)];
    const auto begin = 3 * number(inside_.x - wanted_.x);
    const auto width = 3 * number(inside_.width);
    // The rows that are in the picture; the others are black.
    const int top = wanted_.y + static_cast<int>(reach.first);
    const int from = std::clamp(inside_.y - top, 0, static_cast<int>(reach.count));
    const int to = std::clamp(inside_.br().y - top, from, static_cast<int>(reach.count));
    sources_.clear();
    for (int i = from; i < to; ++i) {
        sources_.push_back(picture_.ptr(top + i) + 3 * number(inside_.x));
    }
    const float* weights = weights_.data() + reach.weights + number(from);
#if defined(__x86_64__)
    if (instructions_ != Instructions::plain) {
        by_eight::add_rows(sources_.data(), weights, sources_.size(), width, sums_.data() + begin);
    } else
#endif
    {
        by_four::add_rows(sources_.data(), weights, sources_.size(), width, sums_.data() + begin);
    }
    const auto mean = static_cast<float>(pixel_mean);
    const auto scale = static_cast<float>(pixel_scale);
    float* out = out_.data();
    for (std::size_t x = 0; x < columns_.size(); ++x, out += 3) {
        const Reach& column = columns_[x];
        const float* in = sums_.data() + 3 * column.first;
        Four sum{};
        for (std::size_t i = 0; i < column.count; ++i, in += 3) {
            Four pixel;
            __builtin_memcpy(&pixel, in, sizeof pixel);
            sum += weights_[column.weights + i] * pixel;
        }
        if (rounded_) {
            // So large that nothing after the point is left.
            constexpr float large = 12582912;
            const Four whole = sum + large - large;
            const Four off = sum - whole;
            sum = whole;
            constexpr float nearly_half = 0.4999F;
            const auto doubtful = (off > nearly_half) | (off < -nearly_half);
            if ((doubtful[0] | doubtful[1] | doubtful[2]) != 0) {
                for (std::size_t c = 0; c < 3; ++c) sum[c] = rounded(reach, column, c);
            }
        }
        sum = (sum - mean) * scale;
        __builtin_memcpy(out, &sum, sizeof sum);
    }
    return out_.data();
}

float AreaScaler::rounded(const Reach& rows, const Reach& columns, std::size_t channel) const {
    const auto pixel = [&](std::size_t row, std::size_t column) {
        return picture_.ptr(
            wanted_.y +
            static_cast<int>(
                rows.first +
                row))[3 * (static_cast<std::size_t>(wanted_.x) + columns.first + column) + channel];
    };
    if (whole_) {
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
    float sum = 0;
    for (std::size_t row = 0; row < rows.count; ++row) {
        float of_row = 0;
        for (std::size_t column = 0; column < columns.count; ++column) {
            of_row += static_cast<float>(pixel(row, column)) * weights_[columns.weights + column];
        }
        sum += weights_[rows.weights + row] * of_row;
    }
    return std::nearbyint(sum);
}

}  // namespace facebus::vision

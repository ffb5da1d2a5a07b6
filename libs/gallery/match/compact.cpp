#include "gallery/match/compact.hpp"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace facebus::gallery {
namespace {

constexpr int low_bits = 6;
constexpr int low_offset = high_step / 2;
// Largest quantised value. Its high part, rounded, is 127 and fits into a byte.
constexpr float max_value = 127.0F * high_step;
// Low parts are packed in groups: four components of six bits fill three bytes.
constexpr std::size_t group = 4;
constexpr std::size_t group_bytes = 3;

/// Kernel that computes the products of `count` rows with a fixed number of probes. `first`: index
/// of the first of these probes.
using Products = void (*)(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                          std::size_t first, std::int32_t* out);

// The kernels. A large gallery does not fit into the cache, so memory bandwidth limits the speed of
// a scan. Each kernel therefore loads a row from memory once and multiplies it with `Probes`
// probes, which stay in the cache. No sum overflows: the sum of 512 products of bytes stays below
// 2^24.

// Portable kernel. It multiplies 16-bit numbers, because SSE2 cannot multiply bytes. The compiler
// turns the inner loop into vector instructions.
template <std::size_t Probes>
void plain(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
           std::size_t first, std::int32_t* out) {
    for (std::size_t r = 0; r < count; ++r, rows += embedding_size) {
        for (std::size_t p = 0; p < Probes; ++p) {
            const auto* probe = probes.words(first + p);
            std::int32_t sum = 0;
            for (std::size_t i = 0; i < embedding_size; ++i) {
                sum += std::int16_t{rows[i]} * probe[i];
            }
            out[p * count + r] = sum;
        }
    }
}

#if defined(__x86_64__)

// AVX2 kernel: like plain(), but with 16 components per step. The instruction madd multiplies 16
// pairs of 16-bit numbers and adds neighbouring products, which gives eight 32-bit sums.
template <std::size_t Probes>
__attribute__((target("avx2"))) void avx2(const std::int8_t* rows, std::size_t count,
                                          const CoarseProbes& probes, std::size_t first,
                                          std::int32_t* out) {
    const std::int16_t* words[Probes];
    for (std::size_t p = 0; p < Probes; ++p) words[p] = probes.words(first + p);
    for (std::size_t r = 0; r < count; ++r, rows += embedding_size) {
        // One accumulator per probe. Unrolled loops let the compiler keep them in registers.
        __m256i sums[Probes];
#pragma GCC unroll 8
        for (auto& sum : sums) sum = _mm256_setzero_si256();
        for (std::size_t i = 0; i < embedding_size; i += 16) {
            const auto row =
                _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(rows + i)));
#pragma GCC unroll 8
            for (std::size_t p = 0; p < Probes; ++p) {
                const auto probe =
                    _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words[p] + i));
                sums[p] = _mm256_add_epi32(sums[p], _mm256_madd_epi16(row, probe));
            }
        }
#pragma GCC unroll 8
        for (std::size_t p = 0; p < Probes; ++p) {
            // Add up the eight sums: first the upper four to the lower four, then the upper two to
            // the lower two, then the last two.
            auto half = _mm_add_epi32(_mm256_castsi256_si128(sums[p]),
                                      _mm256_extracti128_si256(sums[p], 1));
            half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
            half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
            out[p * count + r] = _mm_cvtsi128_si32(half);
        }
    }
}

// AVX-512 kernel. The instruction dpbusd multiplies 64 unsigned bytes with 64 signed bytes and adds
// groups of four products, which gives 16 sums. The bytes of a row are signed, so the kernel adds
// 128 to each by flipping the sign bit. Since
//   sum((row + 128) * probe) = sum(row * probe) + 128 * sum(probe),
// it subtracts the last term, which depends only on the probe, at the end.
template <std::size_t Probes>
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void vnni(const std::int8_t* rows,
                                                                 std::size_t count,
                                                                 const CoarseProbes& probes,
                                                                 std::size_t first,
                                                                 std::int32_t* out) {
    const std::int8_t* bytes[Probes];
    std::int32_t shifts[Probes];
    for (std::size_t p = 0; p < Probes; ++p) {
        bytes[p] = probes.bytes(first + p);
        shifts[p] = 128 * probes.sum(first + p);
    }
    const auto flip = _mm512_set1_epi8(-128);
    for (std::size_t r = 0; r < count; ++r, rows += embedding_size) {
        __m512i sums[Probes];
#pragma GCC unroll 8
        for (auto& sum : sums) sum = _mm512_setzero_si512();
        for (std::size_t i = 0; i < embedding_size; i += 64) {
            const auto row = _mm512_xor_si512(_mm512_loadu_si512(rows + i), flip);
#pragma GCC unroll 8
            for (std::size_t p = 0; p < Probes; ++p) {
                sums[p] = _mm512_dpbusd_epi32(sums[p], row, _mm512_loadu_si512(bytes[p] + i));
            }
        }
#pragma GCC unroll 8
        for (std::size_t p = 0; p < Probes; ++p) {
            out[p * count + r] = _mm512_reduce_add_epi32(sums[p]) - shifts[p];
        }
    }
}

#endif

/// Four variants of one kernel, for one, two, four and eight probes.
using Kernel = std::array<Products, 4>;

const Kernel& kernel_for(Instructions instructions) {
    static constexpr Kernel for_plain{plain<1>, plain<2>, plain<4>, plain<8>};
#if defined(__x86_64__)
    static constexpr Kernel for_avx2{avx2<1>, avx2<2>, avx2<4>, avx2<8>};
    static constexpr Kernel for_vnni{vnni<1>, vnni<2>, vnni<4>, vnni<8>};
    if (instructions >= Instructions::vnni) return for_vnni;
    if (instructions >= Instructions::avx2) return for_avx2;
#else
    static_cast<void>(instructions);
#endif
    return for_plain;
}

}  // namespace

CompactEmbedding compact(const Embedding& embedding) {
    float largest = 0;
    for (const float value : embedding) largest = std::max(largest, std::abs(value));
    CompactEmbedding out{};
    // If no component exceeds 1e-30, the vector becomes zero. The scale is therefore always a
    // normal floating-point number, which has full precision.
    out.scale = largest > 1e-30F ? largest / max_value : 1;
    double low_squares = 0;
    for (std::size_t first = 0; first < embedding_size; first += group) {
        std::uint32_t packed = 0;
        for (std::size_t k = group; k-- > 0;) {  // puts the first component into the lowest bits
            const auto whole = static_cast<int>(std::lround(embedding[first + k] / out.scale));
            // Round to the nearest step, not down. This halves the largest low part, and with it
            // the error of the coarse scan.
            const int high = (whole + low_offset) >> low_bits;
            const int low = whole - high * high_step;
            out.high[first + k] = static_cast<std::int8_t>(high);
            packed = packed << low_bits | static_cast<std::uint32_t>(low + low_offset);
            low_squares += low * low;
        }
        for (std::size_t byte = 0; byte < group_bytes; ++byte) {
            out.low[first / group * group_bytes + byte] =
                static_cast<std::uint8_t>(packed >> (8 * byte));
        }
    }
    out.coarse_error = out.scale * static_cast<float>(std::sqrt(low_squares));
    return out;
}

Embedding expand(const std::int8_t* high, const std::uint8_t* low, float scale) {
    Embedding out;
    for (std::size_t first = 0; first < embedding_size; first += group, low += group_bytes) {
        auto packed = low[0] | std::uint32_t{low[1]} << 8 | std::uint32_t{low[2]} << 16;
        for (std::size_t i = first; i < first + group; ++i, packed >>= low_bits) {
            const auto part = static_cast<int>(packed & (high_step - 1)) - low_offset;
            out[i] = scale * static_cast<float>(high_step * high[i] + part);
        }
    }
    return out;
}

float row_similarity(const std::int8_t* high, const std::uint8_t* low, float scale,
                     const Embedding& probe) {
    return scale * similarity(expand(high, low, 1), probe);
}

CoarseProbes::CoarseProbes(std::span<const Embedding> probes) {
    probes_.reserve(probes.size());
    for (const auto& probe : probes) {
        const auto coarse = compact(probe);
        auto& probe_parts = probes_.emplace_back();
        std::int32_t sum = 0;
        for (std::size_t i = 0; i < embedding_size; ++i) {
            probe_parts.bytes[i] = coarse.high[i];
            probe_parts.words[i] = std::int16_t{coarse.high[i]};
            sum += coarse.high[i];
        }
        sums_.push_back(sum);
        scales_.push_back(coarse.scale * high_step);
        errors_.push_back(coarse.coarse_error);
    }
}

void coarse_products(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                     std::int32_t* out, Instructions instructions) {
    // Split the probes into groups of eight, then of four, two and one.
    for (std::size_t first = 0; first < probes.size();) {
        std::size_t power = 3;
        while ((std::size_t{1} << power) > probes.size() - first) --power;
        kernel_for(instructions).at(power)(rows, count, probes, first, out + first * count);
        first += std::size_t{1} << power;
    }
}

}  // namespace facebus::gallery

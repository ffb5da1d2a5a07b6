// Quantised embeddings and the integer kernels that scan them.
//
// A float embedding takes 2,048 bytes. Quantised to 14 bits per component it takes 896, split into
// a high byte and six low bits. A scan multiplies only the high bytes, 512 per embedding; the
// length of the omitted part bounds the error, see matcher.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/embedding.hpp"
#include "base/instructions.hpp"

namespace facebus::gallery {

/// Value of one step of `high`, in units of `scale`.
constexpr int high_step = 64;
/// Bytes for the low parts of an embedding, at six bits per component.
constexpr std::size_t low_bytes = embedding_size * 6 / 8;

/// Embedding in 14-bit fixed-point numbers. Component i is scale * (64 * high[i] + l[i]) with l[i]
/// from -32 to 31. `low` stores l[i] + 32 in six bits, four components in three bytes. Similarities
/// of FaceNet embeddings change by about 1e-5.
struct CompactEmbedding {
    std::array<std::int8_t, embedding_size> high;
    std::array<std::uint8_t, low_bytes> low;
    float scale;
    float coarse_error;  ///< length of the low part, scale * |l|
};

/// Returns the embedding in quantised form. `scale` adapts to the largest component, so the
/// embedding need not have length 1.
CompactEmbedding compact(const Embedding& embedding);

/// Returns a quantised embedding as floats. Requires: `high` has embedding_size elements and `low`
/// has low_bytes.
Embedding expand(const std::int8_t* high, const std::uint8_t* low, float scale);
/// Returns the similarity of a quantised embedding and a probe. Requires: as for expand().
float row_similarity(const std::int8_t* high, const std::uint8_t* low, float scale,
                     const Embedding& probe);

/// Probes prepared for coarse_products(): the high bytes of each in the forms that the kernels
/// need. Thread-safe after construction.
class CoarseProbes {
  public:
    explicit CoarseProbes(std::span<const Embedding> probes);

    [[nodiscard]] std::size_t size() const { return scales_.size(); }
    /// Returns the factor of the probe by which a product of high bytes is multiplied. The row has
    /// a factor too; see Segment::coarse_scale().
    [[nodiscard]] float scale(std::size_t probe) const { return scales_[probe]; }
    /// Returns the length of the low part of the probe.
    [[nodiscard]] float error(std::size_t probe) const { return errors_[probe]; }

    /// Returns the high parts as bytes.
    [[nodiscard]] const std::int8_t* bytes(std::size_t probe) const {
        return probes_[probe].bytes.data();
    }
    /// Returns the same numbers as 16-bit integers.
    [[nodiscard]] const std::int16_t* words(std::size_t probe) const {
        return probes_[probe].words.data();
    }
    /// Returns their sum.
    [[nodiscard]] std::int32_t sum(std::size_t probe) const { return sums_[probe]; }

  private:
    // Aligned to cache lines: a load that crosses one takes twice as long.
    struct alignas(64) Probe {
        std::array<std::int8_t, embedding_size> bytes;
        std::array<std::int16_t, embedding_size> words;
    };
    std::vector<Probe> probes_;
    std::vector<std::int32_t> sums_;
    std::vector<float> scales_;
    std::vector<float> errors_;
};

/// Computes the dot products of the high bytes of `count` consecutive rows with those of each
/// probe, into out[probe * count + row]. Integer arithmetic: every instruction set gives the same
/// numbers. Requires: `instructions` are supported by this processor.
void coarse_products(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                     std::int32_t* out, Instructions instructions = best_instructions());

}  // namespace facebus::gallery

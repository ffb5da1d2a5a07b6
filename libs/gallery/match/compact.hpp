// Quantised embeddings and the integer kernels that scan them.
//
// A float embedding has 2,048 bytes. Quantised to 14 bits per component, it has 896 bytes: per
// component a high byte and six low bits. A scan multiplies only the high bytes, 512 per embedding.
// The norm of the omitted low part bounds the error; see matcher.cpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/embedding.hpp"
#include "base/instructions.hpp"

namespace facebus::gallery {

/// Value of one step of CompactEmbedding::high, in units of CompactEmbedding::scale.
constexpr int high_step = 64;
/// Bytes for the low parts of an embedding, at six bits per component.
constexpr std::size_t low_bytes = embedding_size * 6 / 8;

/// Embedding in 14-bit fixed-point numbers. Component i is scale * (64 * high[i] + l[i]) with l[i]
/// from -32 to 31. `low` stores l[i] + 32 in six bits, four components in three bytes. Quantisation
/// changes the similarities of FaceNet embeddings by about 1e-5.
struct CompactEmbedding {
    std::array<std::int8_t, embedding_size> high;  ///< high parts
    std::array<std::uint8_t, low_bytes> low;       ///< packed low parts
    float scale;                                   ///< value of one quantisation step
    float coarse_error;                            ///< norm of the low part, scale * |l|
};

/// Quantises the embedding. `scale` adapts to the largest component, so the embedding need not be a
/// unit vector.
CompactEmbedding compact(const Embedding& embedding);

/// Returns a quantised embedding as floats. Requires: `high` points to embedding_size elements, and
/// `low` to low_bytes elements.
Embedding expand(const std::int8_t* high, const std::uint8_t* low, float scale);
/// Returns the similarity of a quantised embedding and a probe. Requires: see expand().
float row_similarity(const std::int8_t* high, const std::uint8_t* low, float scale,
                     const Embedding& probe);

/// Probes prepared for coarse_products(): the high parts of each probe in the forms that the
/// kernels require. Thread-safe after construction.
class CoarseProbes {
  public:
    explicit CoarseProbes(std::span<const Embedding> probes);

    [[nodiscard]] std::size_t size() const { return scales_.size(); }
    /// Returns the scale of the high parts of the probe. A product of high parts, multiplied by
    /// this scale and by Segment::coarse_scale() of the row, approximates the similarity.
    [[nodiscard]] float scale(std::size_t probe) const { return scales_[probe]; }
    /// Returns the norm of the low part of the probe.
    [[nodiscard]] float error(std::size_t probe) const { return errors_[probe]; }

    /// Returns the high parts of the probe as bytes.
    [[nodiscard]] const std::int8_t* bytes(std::size_t probe) const {
        return probes_[probe].bytes.data();
    }
    /// Returns the high parts of the probe as 16-bit integers.
    [[nodiscard]] const std::int16_t* words(std::size_t probe) const {
        return probes_[probe].words.data();
    }
    /// Returns the sum of the high parts of the probe.
    [[nodiscard]] std::int32_t sum(std::size_t probe) const { return sums_[probe]; }

  private:
    // Aligned to cache lines, because a load that crosses a cache line is slower.
    struct alignas(64) Probe {
        std::array<std::int8_t, embedding_size> bytes;
        std::array<std::int16_t, embedding_size> words;
    };
    // One element per probe:
    std::vector<Probe> probes_;
    std::vector<std::int32_t> sums_;
    std::vector<float> scales_;
    std::vector<float> errors_;
};

/// Computes the dot product of the high parts of each row with the high parts of each probe, for
/// `count` consecutive rows, and stores it in out[probe * count + row]. The arithmetic is integer,
/// so every instruction set gives the same result. Requires: this processor supports
/// `instructions`.
void coarse_products(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                     std::int32_t* out, Instructions instructions = best_instructions());

}  // namespace facebus::gallery

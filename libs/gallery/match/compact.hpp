// Embeddings in less than half the memory, laid out so that a scan reads a quarter of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/embedding.hpp"
#include "base/instructions.hpp"

namespace facebus::gallery {

/// What a step of `high` is worth, in steps of the scale.
constexpr int high_step = 64;
/// Bytes that the low parts of an embedding take: six bits a component.
constexpr std::size_t low_bytes = embedding_size * 6 / 8;

/// An embedding in 14-bit fixed-point numbers: component i is scale * (64 * high[i] + l), where l,
/// -32 to 31, lies in six bits of `low`, four in three bytes, plus 32. For what FaceNet gives, a
/// similarity is off by some 1e-5.
struct CompactEmbedding {
    std::array<std::int8_t, embedding_size> high;
    std::array<std::uint8_t, low_bytes> low;
    float scale;
    float coarse_error;  ///< length of what `high` leaves out
};

CompactEmbedding compact(const Embedding& embedding);

/// A row of such, as it lies in memory. Precondition: `high` has embedding_size elements, `low` has
/// low_bytes.
Embedding expand(const std::int8_t* high, const std::uint8_t* low, float scale);
/// The similarity of a row to a probe.
float row_similarity(const std::int8_t* high, const std::uint8_t* low, float scale,
                     const Embedding& probe);

/// Probes made ready for coarse_products(): the high bytes of each in the forms that it takes.
class CoarseProbes {
  public:
    explicit CoarseProbes(std::span<const Embedding> probes);

    [[nodiscard]] std::size_t size() const { return scales_.size(); }
    /// What a product of high bytes of this probe has to be multiplied with, beside the row's own.
    [[nodiscard]] float scale(std::size_t probe) const { return scales_[probe]; }
    /// Length of what the high bytes leave out of this probe.
    [[nodiscard]] float error(std::size_t probe) const { return errors_[probe]; }

    [[nodiscard]] const std::int8_t* bytes(std::size_t probe) const {
        return probes_[probe].bytes.data();
    }
    /// The same numbers.
    [[nodiscard]] const std::int16_t* words(std::size_t probe) const {
        return probes_[probe].words.data();
    }
    [[nodiscard]] std::int32_t sum(std::size_t probe) const { return sums_[probe]; }

  private:
    // A load that crosses a cache line takes twice as long.
    struct alignas(64) Probe {
        std::array<std::int8_t, embedding_size> bytes;
        std::array<std::int16_t, embedding_size> words;
    };
    std::vector<Probe> probes_;
    std::vector<std::int32_t> sums_;
    std::vector<float> scales_;
    std::vector<float> errors_;
};

/// Multiplies the high bytes of `count` consecutive rows with those of each probe:
/// out[probe * count + row]. All instructions give the same numbers.
void coarse_products(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                     std::int32_t* out, Instructions instructions = best_instructions());

}  // namespace facebus::gallery

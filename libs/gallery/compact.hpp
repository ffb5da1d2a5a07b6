// Embeddings in half the memory, laid out so that a scan reads a quarter of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/embedding.hpp"

namespace facebus::gallery {

/// An embedding in 16-bit fixed-point numbers: component i is scale * (256 * high[i] + low[i]). For
/// what FaceNet gives, a similarity is off by some 2e-6.
struct CompactEmbedding {
    std::array<std::int8_t, embedding_size> high;
    std::array<std::int8_t, embedding_size> low;
    float scale;
};

CompactEmbedding compact(const Embedding& embedding);

/// A row of such, as it lies in memory. Precondition: `high` and `low` have embedding_size
/// elements.
Embedding expand(const std::int8_t* high, const std::int8_t* low, float scale);
/// The similarity of a row to a probe.
float similarity(const std::int8_t* high, const std::int8_t* low, float scale,
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

/// The products of the high bytes of `count` rows, which lie one behind the other, with those of
/// each probe: out[probe * count + row]. Uses the widest instructions that the processor has; all
/// give the same numbers.
void coarse_products(const std::int8_t* rows, std::size_t count, const CoarseProbes& probes,
                     std::int32_t* out);

/// The name of the instructions that coarse_products() uses here, and all that it could use.
const char* coarse_instructions();
std::vector<const char*> all_coarse_instructions();
/// As coarse_products(), with these instructions: for tests and measurements.
void coarse_products_with(const char* instructions, const std::int8_t* rows, std::size_t count,
                          const CoarseProbes& probes, std::int32_t* out);

}  // namespace facebus::gallery

// Strangers, as statistics: what faces that are in no gallery look like to the network.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"

namespace facebus::gallery {

/// A model of the embeddings of people: a person is normally distributed about the mean of all,
/// each picture of him about himself. No vector of any person is in it. Real strangers come nearer
/// to a gallery than normally distributed ones, by a factor that was measured: `tail`.
struct Cohort {
    using Vector = std::array<float, embedding_size>;

    /// A covariance as a sum: columns * columns^T + rest * identity.
    struct Covariance {
        std::vector<Vector> columns;
        float rest = 0;
    };

    /// Similarities of people to their own samples.
    struct Genuine {
        std::size_t samples = 0;  ///< enrolled pictures of the person
        std::size_t probes = 0;   ///< pictures fused into the probe
        double mean = 0;
        double deviation = 0;
    };

    std::string model_id;    ///< of the embeddings that this is about
    std::size_t people = 0;  ///< that it was computed from
    std::size_t images = 0;  ///< that it was computed from
    Vector mean{};
    Covariance between;  ///< of people about the mean
    Covariance within;   ///< of pictures about their person
    double tail = 1;     ///< similarities that strangers reach, real ones by drawn ones
    std::vector<Genuine> genuine;

    /// `count` people who don't exist, each as the fused template of `probes` pictures; the same
    /// for the same seed on every machine.
    [[nodiscard]] std::vector<Embedding> impostors(std::size_t count, std::size_t probes,
                                                   std::uint64_t seed) const;
};

/// As text that read_cohort() understands; columns as whole numbers of -127..127 with a scale each.
std::string write_cohort(const Cohort& cohort);
/// Malformed: the text is no cohort.
Result<Cohort> read_cohort(const std::string& text);

/// The one that comes with facebus, computed from LFW; see docs/accuracy.md.
const Cohort& shipped_cohort();

}  // namespace facebus::gallery

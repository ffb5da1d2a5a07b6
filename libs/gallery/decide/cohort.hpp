// Statistics of the embeddings of people in general, from which calibration draws impostors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"

namespace facebus::gallery {

/// Two-covariance model of face embeddings (as in PLDA): persons are normally distributed around
/// the mean of all people, and the images of a person are normally distributed around that person.
/// The model contains no embedding of a real person. Real impostors reach higher similarities than
/// normally distributed ones; `tail` is the measured factor.
struct Cohort {
    using Vector = std::array<float, embedding_size>;

    /// Covariance matrix as a low-rank sum: columns * columns^T + rest * identity.
    struct Covariance {
        std::vector<Vector> columns;
        float rest = 0;
    };

    /// Distribution of the similarities of enrolled people to their own samples.
    struct Genuine {
        std::size_t samples = 0;  ///< enrolled images per person
        std::size_t probes = 0;   ///< images fused into the probe
        double mean = 0;
        double deviation = 0;
    };

    std::string model_id;    ///< model that computed the embeddings
    std::size_t people = 0;  ///< people that the statistics were computed from
    std::size_t images = 0;  ///< images that the statistics were computed from
    Vector mean{};
    Covariance between;  ///< of persons around the mean
    Covariance within;   ///< of images around their person
    double tail = 1;     ///< similarity of real impostors divided by that of drawn ones
    std::vector<Genuine> genuine;

    /// Draws `count` fictitious people and returns the template of each, fused from `probes`
    /// images. The same seed gives the same people on every machine.
    [[nodiscard]] std::vector<Embedding> impostors(std::size_t count, std::size_t probes,
                                                   std::uint64_t seed) const;
};

/// Returns the cohort as JSON for read_cohort(). Each vector is rounded to integers from -127 to
/// 127 and a scale.
std::string write_cohort(const Cohort& cohort);
/// Parses the JSON of write_cohort(). Fails with `malformed` if it is not a valid cohort.
Result<Cohort> read_cohort(const std::string& text);

/// Returns the cohort that ships with facebus, computed from LFW; see docs/accuracy.md.
const Cohort& shipped_cohort();

}  // namespace facebus::gallery

// Statistics of the face embeddings of many people, from which calibration draws impostors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"

namespace facebus::gallery {

/// Two-covariance model of face embeddings (as in PLDA). The embeddings of a person's images are
/// normally distributed around the mean of that person. The means of all people are normally
/// distributed around a common mean. The model contains no embedding of a real person. Real
/// impostors are more similar to enrolled people than drawn impostors are: their similarities are
/// higher by about the measured factor `tail`.
struct Cohort {
    using Vector = std::array<float, embedding_size>;

    /// Covariance matrix as a low-rank sum: columns * columns^T + rest * identity.
    struct Covariance {
        std::vector<Vector> columns;  ///< columns of the low-rank part
        float rest = 0;               ///< variance of every component, added to the low-rank part
    };

    /// Distribution of the similarities of enrolled people to their own samples.
    struct Genuine {
        std::size_t samples = 0;  ///< enrolled images per person
        std::size_t probes = 0;   ///< images fused into the template
        double mean = 0;          ///< mean of the similarities
        double deviation = 0;     ///< standard deviation of the similarities
    };

    std::string model_id;    ///< model id of the embeddings
    std::size_t people = 0;  ///< number of people in the statistics
    std::size_t images = 0;  ///< number of images in the statistics
    Vector mean{};           ///< mean of all people
    Covariance between;      ///< covariance of people around the mean
    Covariance within;       ///< covariance of a person's images around the mean of the person
    /// Threshold for 1% FPIR with real impostors, divided by the threshold with drawn impostors.
    double tail = 1;
    std::vector<Genuine> genuine;  ///< one entry per measured pair of `samples` and `probes`

    /// Draws `count` fictitious people and returns one template per person, fused from `probes`
    /// images. The same seed gives the same people.
    [[nodiscard]] std::vector<Embedding> impostors(std::size_t count, std::size_t probes,
                                                   std::uint64_t seed) const;
};

/// Returns the cohort as JSON, which read_cohort() parses. Each vector is stored as integers from
/// -127 to 127 and a scale, so values are rounded.
std::string write_cohort(const Cohort& cohort);
/// Parses the JSON of write_cohort(). Fails with `malformed` if the text is not a valid cohort.
Result<Cohort> read_cohort(const std::string& text);

/// Returns the cohort that ships with facebus, computed from LFW; see docs/accuracy.md.
const Cohort& shipped_cohort();

}  // namespace facebus::gallery

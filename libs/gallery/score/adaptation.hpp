// Adaptation of recognition to one's own cameras, as computed by `facebus adapt`.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"

namespace facebus::gallery {

/// How the probes of some cameras are changed before they are compared, and which people normalise
/// the scores of the samples. Samples and probes are stored unchanged, so an adaptation can be
/// removed at any time. ScoreSpace applies it; see docs/decisions/0006-camera-adaptation.md.
struct Adaptation {
    std::string model_id;              ///< model id of the embeddings
    std::string method;                ///< for users, such as "centring and own cohort"
    std::int64_t created = 0;          ///< ns UTC
    std::size_t people = 0;            ///< number of people who contributed
    std::size_t faces = 0;             ///< number of their faces
    double fnir_before = 0;            ///< FNIR in cross-validation without the adaptation
    double fnir_after = 0;             ///< FNIR in cross-validation with the adaptation
    std::vector<std::string> cameras;  ///< names of the cameras; empty: all cameras

    /// Mean embedding of the cameras, which centres their probes instead of that of the cohort. Not
    /// a unit vector.
    Embedding mean{};
    /// Rows of the linear map of the centred probes, minus the identity. Empty: the identity.
    std::vector<Embedding> map;
    /// Centred unit vectors of people seen by the cameras, with which the samples are compared
    /// instead of those of the cohort. Empty: those of the cohort.
    std::vector<Embedding> vectors;
    std::size_t nearest = 0;  ///< number of nearest vectors whose similarities are averaged
    float sample_shift = 0;   ///< added to the scores of all samples, if there are vectors
    /// Added to the scores of the probes, so that impostors reach the thresholds of calibration as
    /// often as the impostors of the cohort.
    float shift = 0;

    /// Returns whether the adaptation applies to the probes of a camera.
    [[nodiscard]] bool applies_to(std::string_view camera) const {
        return cameras.empty() || std::ranges::find(cameras, camera) != cameras.end();
    }
    /// Returns the centred unit vector of a probe of such a camera.
    [[nodiscard]] Embedding centred(const Embedding& probe) const;
};

/// Maximum size in bytes of the text of an adaptation.
inline constexpr std::size_t max_adaptation_bytes = 4 << 20;

/// Returns the adaptation as JSON. Rounds vectors to 8 bits and the map to 16 bits per component.
std::string write_adaptation(const Adaptation& adaptation);
/// Parses the JSON of write_adaptation(). Fails with `malformed` if the text is too long or not a
/// valid adaptation, and with `unsupported` if a later version wrote it.
Result<Adaptation> read_adaptation(std::string_view text);
/// Returns the id of an adaptation: eight hex digits that depend on its text. Results state it in
/// their model id.
std::string adaptation_id(std::string_view text);

}  // namespace facebus::gallery

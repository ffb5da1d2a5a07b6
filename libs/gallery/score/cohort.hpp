// Face embeddings of many people, condensed: what the normalised score and calibration need.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/error.hpp"

namespace facebus::gallery {

/// Condensed embeddings of many people, computed by one model from labelled images. ScoreSpace uses
/// the mean and the vectors to compute scores; calibration uses the measured distributions of
/// scores. Each vector is the average of several people, but resembles each of them; see
/// docs/decisions/0003-open-set-decision.md.
struct Cohort {
    /// Point of the distribution of scores between a single image and a single image of another
    /// person.
    struct ImpostorQuantile {
        double rate = 0;   ///< share of the scores that reach `score`
        double score = 0;  ///< decreases with the rate
    };

    /// Distribution of the scores between a subject and a track of another person: a score x is
    /// reached as often as the score (x - offset) / scale between single images.
    struct ImpostorShape {
        std::size_t samples = 0;  ///< samples per subject
        std::size_t probes = 0;   ///< images fused into the template of the track
        double offset = 0;
        double scale = 1;
    };

    /// Distribution of the scores between a subject and a track of the same person.
    struct Genuine {
        std::size_t samples = 0;
        std::size_t probes = 0;
        double mean = 0;
        double deviation = 0;
    };

    std::string model_id;     ///< model id of the embeddings
    std::size_t people = 0;   ///< number of people who contributed
    std::size_t images = 0;   ///< number of their images
    std::size_t nearest = 0;  ///< number of nearest vectors whose similarities ScoreSpace averages
    Embedding mean{};         ///< mean of all people; not a unit vector
    std::vector<Embedding> vectors;           ///< centred unit vectors
    std::vector<ImpostorQuantile> impostors;  ///< at least two, the highest rate first
    double impostor_mean = 0;                 ///< mean of the scores described by `impostors`
    std::vector<ImpostorShape> shapes;        ///< one per measured pair of samples and probes
    std::vector<Genuine> genuine;             ///< one per measured pair of samples and probes
};

/// Returns the cohort as JSON, which read_cohort() parses. Rounds vectors to 8 bits per component,
/// and writes only the components that the model computes; see dimensions_of().
std::string write_cohort(const Cohort& cohort);
/// Parses the JSON of write_cohort(). Fails with `malformed` if the text is not a valid cohort.
Result<Cohort> read_cohort(const std::string& text);

/// Returns the cohorts that ship with facebus, one per model, that of FaceNet first. All were
/// computed from LFW; see docs/accuracy.md.
const std::vector<Cohort>& shipped_cohorts();
/// Returns the shipped cohort for the model, or nullptr if facebus ships none for it.
const Cohort* find_cohort(const std::string& model_id);

}  // namespace facebus::gallery

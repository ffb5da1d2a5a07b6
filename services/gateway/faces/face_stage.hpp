// Detects, recognises and enrols faces in uploaded images.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "enrolment/enroller.hpp"
#include "gallery/match/snapshot.hpp"
#include "gateway/faces/still_decision.hpp"
#include "gateway/fault.hpp"
#include "gateway/rest/parameters.hpp"

namespace facebus::gateway {

struct DetectedFace {
    vision::Sighting sighting;             ///< box, landmarks, quality and aligned crop
    std::optional<Embedding> embedding{};  ///< empty if it was not requested
};

/// Faces of one image, largest first.
struct DetectedFaces {
    int width = 0;   ///< width of the image in pixels
    int height = 0;  ///< height of the image in pixels
    std::vector<DetectedFace> faces{};
    double detector_ms = 0;    ///< time that detection took
    double calculator_ms = 0;  ///< time that the embeddings took
};

/// Result of comparing one face with the gallery.
struct RecognisedFace {
    StillDecision decision;
    /// Most similar subjects, the most similar one first. Ignored subjects are left out.
    std::vector<gallery::Candidate> candidates;
};

/// Processes images with the same detector, alignment and network as `facebus gallery add` and the
/// recognition of tracks. Not thread-safe.
class FaceStage {
  public:
    /// Throws FatalError if a model is missing or corrupt.
    FaceStage(const std::filesystem::path& models, const vision::DetectorOptions& detector,
              const enrolment::Options& rules);

    /// Detects the faces that match `options`. Computes their embeddings if `embed` or
    /// `options.embedding` is true. Fails with fault_code::no_face if no face matches.
    HttpResult<DetectedFaces> detect(const Image& image, const ImageOptions& options, bool embed);

    /// Compares each face with the gallery. Returns one result per face, in the same order.
    /// Requires: all faces have embeddings.
    [[nodiscard]] static std::vector<RecognisedFace> recognise(const DetectedFaces& detected,
                                                               const ImageOptions& options,
                                                               const gallery::Snapshot& snapshot,
                                                               const gallery::Policy& policy);

    /// Creates a gallery sample of the only prominent face in the image; see
    /// enrolment::prominent_faces(). Ignores faces with a detector score below `min_score`.
    /// Otherwise accepts and rejects the same images as `facebus gallery add`. `source` is stored
    /// in the sample.
    HttpResult<enrolment::FaceSample> sample(const Image& image, float min_score,
                                             const std::string& source);

    /// Returns the embedding of an aligned crop.
    Embedding embed(const Image& crop) { return enroller_.embed({&crop, 1}).front(); }

    [[nodiscard]] const std::string& model_id() const { return enroller_.model_id(); }

  private:
    enrolment::Enroller enroller_;
};

}  // namespace facebus::gateway

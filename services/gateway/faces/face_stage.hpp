// Detects and recognises faces in uploaded images, and creates gallery samples of them.
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
    std::optional<Embedding> embedding{};  ///< empty if it was not computed
};

/// Faces of one image, largest first.
struct DetectedFaces {
    int width = 0;   ///< width of the image in pixels
    int height = 0;  ///< height of the image in pixels
    std::vector<DetectedFace> faces{};
    double detector_ms = 0;                   ///< time for detection, alignment and quality
    double calculator_ms = 0;                 ///< time for the embeddings; 0 if none were computed
    std::size_t dimensions = embedding_size;  ///< number of elements that the model computes
};

/// Result of comparing one face with the gallery.
struct RecognisedFace {
    StillDecision decision;
    /// Most similar subjects, the most similar one first. Ignored subjects are left out.
    std::vector<gallery::Candidate> candidates;
};

/// Processes images with an enrolment::Enroller, as `facebus gallery add` does. Not thread-safe.
class FaceStage {
  public:
    /// Throws FatalError if a model is missing or corrupt.
    FaceStage(const std::filesystem::path& models, const vision::DetectorOptions& detector,
              const enrolment::Options& rules, const vision::EmbedderOptions& embedder = {});

    /// Returns the faces that `options` selects, at most 256. Computes their embeddings if `embed`
    /// or `options.embedding` is true. Fails with fault_code::no_face if there is no such face.
    HttpResult<DetectedFaces> detect(const Image& image, const ImageOptions& options, bool embed);

    /// Compares each face with the gallery. Returns one result per face, in the same order, with at
    /// most `options.predictions` candidates each. Requires: all faces have embeddings.
    [[nodiscard]] static std::vector<RecognisedFace> recognise(const DetectedFaces& detected,
                                                               const ImageOptions& options,
                                                               const gallery::Snapshot& snapshot,
                                                               const gallery::Policy& policy);

    /// Creates a gallery sample of the only prominent face in the image; see
    /// enrolment::prominent_faces(). Skips faces with a detector score below `min_score`.
    /// Stores `source` in the sample. Fails with the code `no_face`, `several_faces` or `bad_image`
    /// (the face has a flaw).
    HttpResult<enrolment::FaceSample> sample(const Image& image, float min_score,
                                             const std::string& source);

    /// Returns the embedding of an aligned crop.
    Embedding embed(const Image& crop) { return enroller_.embed({&crop, 1}).front(); }

    [[nodiscard]] const std::string& model_id() const { return enroller_.model_id(); }

  private:
    enrolment::Enroller enroller_;
};

}  // namespace facebus::gateway

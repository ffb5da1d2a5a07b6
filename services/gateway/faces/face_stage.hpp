// Detection, recognition and enrolment of faces in uploaded images.
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
    vision::Sighting sighting;
    std::optional<Embedding> embedding{};
};

/// Faces of one image, largest first.
struct DetectedFaces {
    int width = 0;  ///< of the image, in pixels
    int height = 0;
    std::vector<DetectedFace> faces{};
    double detector_ms = 0;
    double calculator_ms = 0;
};

struct Recognised {
    StillDecision decision;
    std::vector<gallery::Candidate> candidates;  ///< most similar first, without ignored subjects
};

/// Processes images with the same detector, crop and network as enrolment and recognition. Not
/// thread-safe.
class FaceStage {
  public:
    /// Throws FatalError if a model is missing or corrupt.
    FaceStage(const std::filesystem::path& models, const vision::DetectorOptions& detector,
              const enrolment::Options& rules);

    /// Detects faces, filtered by `options`. Computes embeddings if `embed` or `options.embedding`
    /// is set. Fails with CompreFace's code if no face is left.
    Answered<DetectedFaces> find(const Image& image, const ImageOptions& options, bool embed);

    /// Identifies each face, in order. Requires: all faces have embeddings.
    [[nodiscard]] static std::vector<Recognised> recognise(const DetectedFaces& found,
                                                           const ImageOptions& options,
                                                           const gallery::Snapshot& snapshot,
                                                           const gallery::Policy& policy);

    /// Returns the gallery sample of the only person in the image, by the rules of `facebus
    /// gallery add`. Ignores faces with a detector score below `min_score`.
    Answered<enrolment::FaceSample> sample(const Image& image, float min_score,
                                           const std::string& source);

    /// Embeds an aligned crop.
    Embedding embed(const Image& crop) { return enroller_.embed({&crop, 1}).front(); }

    [[nodiscard]] const std::string& model_id() const { return enroller_.model_id(); }

  private:
    enrolment::Enroller enroller_;
};

}  // namespace facebus::gateway

// The stage `gateway`: pictures in, faces and who they show out.
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

/// A face in a picture, and what was asked to be told of it.
struct PictureFace {
    vision::Sighting sighting;
    std::optional<Embedding> embedding{};
};

/// The faces of a picture, largest first.
struct PictureFaces {
    int width = 0;  ///< of the picture
    int height = 0;
    std::vector<PictureFace> faces{};
    double detector_ms = 0;
    double calculator_ms = 0;
};

/// Who a face shows.
struct Recognised {
    StillDecision decision;
    std::vector<gallery::Candidate> candidates;  ///< most like it, best first, none of them ignored
};

/// Searches pictures with the detector, the crop and the network of enrolment and recognition. Not
/// thread-safe.
class FaceStage {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    FaceStage(const std::filesystem::path& models, const vision::DetectorOptions& detector,
              const enrolment::Options& rules);

    /// The faces that `options` let be told of. With embeddings if they or `embed` ask for it.
    /// Refused: no face, by the code that CompreFace has for it.
    Answered<PictureFaces> find(const Image& picture, const PictureOptions& options, bool embed);

    /// Who each of the faces shows, in order. Precondition: they have embeddings.
    [[nodiscard]] static std::vector<Recognised> recognise(const PictureFaces& found,
                                                           const PictureOptions& options,
                                                           const gallery::Snapshot& snapshot,
                                                           const gallery::Policy& policy);

    /// The sample of the one person in the picture, by the rules of `facebus gallery add`, without
    /// faces whose score is below `min_score`.
    Answered<enrolment::FaceSample> sample(const Image& picture, float min_score,
                                           const std::string& source);

    /// Of an aligned crop.
    Embedding embed(const Image& crop) { return enroller_.embed({&crop, 1}).front(); }

    [[nodiscard]] const std::string& model_id() const { return enroller_.model_id(); }

  private:
    enrolment::Enroller enroller_;
};

}  // namespace facebus::gateway

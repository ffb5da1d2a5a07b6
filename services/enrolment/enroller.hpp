// From a picture of a person to a gallery sample, or to the reason why not.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "enrolment/options.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/store/store.hpp"
#include "vision/detect/face_detector.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::enrolment {

/// Why a face may not be enrolled.
enum class Flaw { too_small, blurred, poor };
/// The first rule of facebus.yaml's `gallery` that the face breaks, if any.
std::optional<Flaw> flaw(const Quality& quality, const Options& rules);

/// Why a face of that quality may not be enrolled, by those rules, if it may not.
std::optional<Error> refusal(const Quality& quality, const Options& rules);

/// The faces that a picture may be of, largest first: not those less than a third as large as the
/// largest, which are background.
std::vector<vision::Sighting> prominent(std::vector<vision::Sighting> faces);
/// Why a picture with so many prominent faces can't be enrolled. Precondition: not one.
Error no_single_face(std::size_t faces, const Options& rules);

/// A face that may be enrolled.
struct FaceSample {
    gallery::Sample sample;
    std::string picture;  ///< its crop as JPEG; empty without gallery.keep_photos
};

/// What enrolling has come to.
struct Enrolled {
    std::size_t added = 0;
    std::size_t already = 0;  ///< pictures that the subject had before
};

/// Adds the face to the subject `name`. Errors as gallery::Store::add(), but for a picture that the
/// subject has already.
Result<Enrolled> enrol(gallery::Store& store, const std::string& name, const FaceSample& face);

/// Makes samples with the same crop and network as recognition. Not thread-safe.
class Enroller {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    Enroller(const std::filesystem::path& models, const vision::DetectorOptions& detector,
             const Options& rules);

    /// The sample of the only face in the picture. `source` is kept with it, for people. Refused:
    /// no face, more than one (a face less than a third as large as the largest is background), one
    /// too small, too blurred or too poor.
    Result<FaceSample> sample(const Image& picture, const std::string& source);

    /// The sample of a picture in a file. A crop that write_crop() wrote is taken as it is, without
    /// looking for the face again. Refused as above; also the errors of read_crop().
    Result<FaceSample> sample(const std::filesystem::path& file);

    /// The sample of a crop that was aligned and assessed already, by the same rules.
    Result<FaceSample> sample(const Image& crop, const Quality& quality, const std::string& source);

    /// Adds the first five of `seen` that pass the rules to the subject `name`. Error: why the last
    /// was refused if none passed; unavailable.
    Result<Enrolled> add(gallery::Store& store, const std::string& name,
                         const std::vector<vision::Sighting>& seen, const std::string& source);

    /// All faces in the picture, with crop and quality, whether or not they pass the rules.
    std::vector<vision::Sighting> sightings(const Image& image);
    /// One embedding a crop, in order.
    std::vector<Embedding> embed(std::span<const Image> crops) { return embedder_.embed(crops); }

    [[nodiscard]] const Options& rules() const { return rules_; }
    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }

  private:
    Options rules_;
    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

}  // namespace facebus::enrolment

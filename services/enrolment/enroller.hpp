// Turns photos of people into gallery samples, or explains why a photo was refused.
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

/// Why a face can't be enrolled.
enum class Flaw { too_small, blurred, poor };
/// Returns the first enrolment rule (`gallery` in facebus.yaml) that the face breaks, if any.
std::optional<Flaw> find_flaw(const Quality& quality, const Options& rules);

/// Returns why a face of this quality can't be enrolled, or nothing if it can. The error is of kind
/// `refused` and has a message for users.
std::optional<Error> enrolment_error(const Quality& quality, const Options& rules);

/// Returns the faces that the image may be a photo of, largest first. Faces less than a third as
/// large as the largest, measured between the eyes, are background and left out.
std::vector<vision::Sighting> prominent_faces(std::vector<vision::Sighting> faces);
/// Returns why an image with this number of prominent faces can't be enrolled. Requires: `faces` is
/// not 1.
Error face_count_error(std::size_t faces, const Options& rules);

/// A face that passed the enrolment rules.
struct FaceSample {
    gallery::Sample sample;
    std::string photo;  ///< its crop as JPEG; empty without gallery.keep_photos
};

/// Numbers of samples that an enrolment added or found.
struct Enrolled {
    std::size_t added = 0;
    std::size_t already = 0;  ///< samples that the subject had already
};

/// Adds the face to the subject `name`. A sample that the subject has already is not an error but
/// counted as `already`. Other errors are those of gallery::Store::add().
Result<Enrolled> enrol(gallery::Store& store, const std::string& name, const FaceSample& face);

/// Makes samples with the same detector, crop and network as recognition. Not thread-safe.
class Enroller {
  public:
    /// Throws FatalError if a model is missing or corrupt.
    Enroller(const std::filesystem::path& models, const vision::DetectorOptions& detector,
             const Options& rules);

    /// Returns the sample of the only prominent face in the image. `source` is stored with it to
    /// tell users where it came from. Error `refused`: not exactly one prominent face, or a face
    /// that breaks a rule.
    Result<FaceSample> sample(const Image& image, const std::string& source);

    /// Returns the sample of an image file. A crop written by vision::write_crop() is used
    /// unchanged, without detecting the face again. Errors as above, and those of read_crop() and
    /// read_image().
    Result<FaceSample> sample(const std::filesystem::path& file);

    /// Returns the sample of a crop that is already aligned and assessed. Error `refused`: it
    /// breaks a rule.
    Result<FaceSample> sample(const Image& crop, const Quality& quality, const std::string& source);

    /// Adds the first five sightings that pass the rules to the subject `name`. If none passes,
    /// returns why the last one was refused. Error `unavailable`: Redis can't be reached.
    Result<Enrolled> add(gallery::Store& store, const std::string& name,
                         const std::vector<vision::Sighting>& seen, const std::string& source);

    /// Returns all faces in the image with crop and quality, whether or not they pass the rules.
    std::vector<vision::Sighting> sightings(const Image& image);
    /// Returns one embedding per crop, in order.
    std::vector<Embedding> embed(std::span<const Image> crops) { return embedder_.embed(crops); }

    [[nodiscard]] const Options& rules() const { return rules_; }
    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }

  private:
    Options rules_;
    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

}  // namespace facebus::enrolment

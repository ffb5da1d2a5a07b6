// Converts photos of people to samples for the gallery, or explains why a photo is rejected.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "enrolment/options.hpp"
#include "gallery/decide/decision.hpp"
#include "gallery/match/snapshot.hpp"
#include "gallery/store/store.hpp"
#include "vision/detect/face_detector.hpp"
#include "vision/embed/embedder.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::enrolment {

/// Reason why a face is poor for enrolment.
enum class Flaw {
    too_small,  ///< the distance between the eyes is below gallery.min_eye_distance
    blurred,    ///< the sharpness is below gallery.min_sharpness
    poor,       ///< the overall quality is below gallery.min_quality
};
/// Returns the flaw of a face of this quality, or nothing if it has none. If there are several
/// flaws, returns the first in the order of the enumerators.
std::optional<Flaw> find_flaw(const Quality& quality, const Options& rules);

/// Returns an error of kind `refused`, with a message for users, if a face of this quality has a
/// flaw. Returns nothing if it has none.
std::optional<Error> enrolment_error(const Quality& quality, const Options& rules);

/// Returns the prominent faces of an image of this size, largest first. Omits faces in the
/// background: those whose distance between the eyes is less than a third of that of the largest
/// face. If the box of the largest face contains the centre of the image, also omits faces whose
/// box has at most half its area, or at most 0.8 times its area if the border of the image cuts the
/// box off. See docs/accuracy.md.
std::vector<vision::Sighting> prominent_faces(std::vector<vision::Sighting> faces, int width,
                                              int height);
/// Returns the error for an image that cannot be enrolled because it does not show exactly one
/// prominent face. `faces` is the number of prominent faces. Requires: `faces` is not 1.
Error face_count_error(std::size_t faces, const Options& rules);

/// Copy of the gallery and policy in which new faces are looked up.
struct Matcher {
    std::shared_ptr<const gallery::Snapshot> gallery;
    gallery::Policy policy;
};
/// Returns the person other than `name` that this face would be recognised as, if there is one; see
/// gallery::find_other_subject(). First updates `matcher.gallery`. Fails with the errors of
/// gallery::Store.
Result<std::optional<gallery::Candidate>> find_other_person(gallery::Store& store,
                                                            const std::string& name,
                                                            const Embedding& face,
                                                            Matcher& matcher);
/// Returns a message for users, such as `the face looks like "Alice", 0.99`. Does not name an
/// ignored person.
std::string looks_like(const gallery::Candidate& person);

/// Sample of a face.
struct FaceSample {
    gallery::Sample sample;  ///< sample without ids
    std::string photo;       ///< crop of the face as JPEG; empty if gallery.keep_photos is false
    std::string warning;     ///< flaw of the face, for users; empty: none
};

/// Result of an enrolment: how many samples were added or already enrolled.
struct Enrolled {
    std::size_t added = 0;    ///< number of added samples
    std::size_t already = 0;  ///< number of samples that the subject already had
};

/// Adds the face to the subject named `name`. If the subject already has this sample, counts it as
/// `already`, not as an error. Errors: those of gallery::Store::add() except `exists`.
Result<Enrolled> enrol(gallery::Store& store, const std::string& name, const FaceSample& face);

/// Computes samples from images, with the same detector, alignment and network as recognition. Not
/// thread-safe.
class Enroller {
  public:
    /// Throws FatalError if a model is missing or corrupt.
    Enroller(const std::filesystem::path& models, const vision::DetectorOptions& detector,
             const Options& rules, const vision::EmbedderOptions& embedder = {});

    /// Returns the sample of the only prominent face in the image. `source` is stored with the
    /// sample and shown to users as its origin. Fails with `refused` if the image does not show
    /// exactly one prominent face, if the face is useless, or if it has a flaw and
    /// gallery.refuse_poor is true.
    Result<FaceSample> sample(const Image& image, const std::string& source);

    /// Returns the sample of an image file. If vision::write_crop() wrote the file, uses the crop
    /// unchanged and does not detect the face again. Fails with the errors of the function above,
    /// of vision::read_crop() and of vision::read_image().
    Result<FaceSample> sample(const std::filesystem::path& file);

    /// Returns the sample of a crop that is already aligned and has this quality. Fails with
    /// `refused` if the face is useless, or if it has a flaw and `refuse_poor` is true.
    Result<FaceSample> sample(const Image& crop, const Quality& quality, const std::string& source,
                              bool refuse_poor);

    /// Adds to the subject named `name` the first five of `faces` that have no flaw. If
    /// `matcher` is not null, omits faces that belong to another person; see find_other_person().
    /// If no face can be enrolled, fails with the error of the last face. Fails with `unavailable`
    /// if Redis cannot be reached.
    Result<Enrolled> add(gallery::Store& store, const std::string& name,
                         const std::vector<vision::Sighting>& faces, const std::string& source,
                         Matcher* matcher = nullptr);

    /// Returns all faces in the image, with crop and quality, including faces with flaws.
    std::vector<vision::Sighting> sightings(const Image& image);
    /// Returns one embedding per crop, in order.
    std::vector<Embedding> embed(std::span<const Image> crops) { return embedder_.embed(crops); }

    [[nodiscard]] const Options& rules() const { return rules_; }
    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }
    [[nodiscard]] const vision::EngineInUse& engine() const { return embedder_.engine(); }

  private:
    Options rules_;
    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

}  // namespace facebus::enrolment

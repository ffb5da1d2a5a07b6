// From a picture or a video of a person to gallery samples, or to the reason why not.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/stop.hpp"
#include "gallery/snapshot.hpp"
#include "gallery/store.hpp"
#include "service/settings.hpp"
#include "vision/embedder.hpp"
#include "vision/face_detector.hpp"
#include "vision/tracker.hpp"

namespace facebus::cli {

/// Why a face may not be enrolled.
enum class Flaw { too_small, blurred, poor };
/// The first rule of facebus.yaml's `gallery` that the face breaks, if any.
std::optional<Flaw> flaw(const Quality& quality, const service::Settings::Gallery& rules);

/// What enrolling has come to.
struct Enrolled {
    std::size_t added = 0;
    std::size_t already = 0;  ///< pictures that the subject had before
};

/// Makes samples with the same crop and network as recognition. Not thread-safe.
class Enroller {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    Enroller(const std::filesystem::path& models, const service::Settings& settings);

    /// The sample of the only face in the picture. `source` is kept with it, for people. Refused:
    /// no face, more than one (a face less than a third as large as the largest is background), one
    /// too small, too blurred or too poor.
    Result<gallery::Sample> sample(const Image& picture, const std::string& source);

    /// The sample of a picture in a file. A crop that write_crop() wrote is taken as it is, without
    /// looking for the face again. Refused as above; also the errors of read_crop().
    Result<gallery::Sample> sample(const std::filesystem::path& file);

    /// The sample of a crop that was aligned and assessed already, by the same rules.
    Result<gallery::Sample> sample(const Image& crop, const Quality& quality,
                                   const std::string& source);

    /// Adds the first five of `seen` that pass the rules to the subject `name`. Error: why the last
    /// was refused if none passed; unavailable.
    Result<Enrolled> add(gallery::Store& store, const std::string& name,
                         const std::vector<vision::Sighting>& seen, const std::string& source);

    /// All faces in the picture, with crop and quality, whether or not they pass the rules.
    std::vector<vision::Sighting> sightings(const Image& image);
    /// One embedding a crop, in order.
    std::vector<Embedding> embed(std::span<const Image> crops) { return embedder_.embed(crops); }

    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }

  private:
    service::Settings::Gallery rules_;
    vision::FaceDetector detector_;
    vision::Embedder embedder_;
};

/// A picture or a video, and whose it is.
struct NamedPicture {
    std::string name;
    std::filesystem::path file;
};

/// The overview that `demo` and `collect` write beside crops. It shows people and enrols nobody.
inline constexpr const char* contact_sheet_name = "contact-sheet.jpg";

/// The pictures below `paths`: a file is named after itself (alice.jpg), the files of a folder
/// after the folder, and so are those of its sub-folders; `name` overrides. Contact sheets in
/// folders are passed over. Throws StartupError
/// (unavailable) for a path that is not there or has no pictures.
std::vector<NamedPicture> named_pictures(const std::vector<std::filesystem::path>& paths,
                                         const std::string& name);

/// Whether the name is a video's: .mp4, .mkv, .avi, .mov, .webm.
bool video(const std::filesystem::path& file);

/// Everyone seen in the first second of a video, by track: all crops of each, in the order of time.
/// Throws StartupError (unavailable) if it cannot be opened.
std::vector<std::vector<vision::Sighting>> people_of_first_second(Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop);

}  // namespace facebus::cli

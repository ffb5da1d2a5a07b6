// From a picture of a person to a gallery sample, or to the reason why not.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "gallery/snapshot.hpp"
#include "service/settings.hpp"
#include "vision/embedder.hpp"
#include "vision/mtcnn.hpp"

namespace facebus::cli {

/// Makes samples with the same crop and network as recognition. Not thread-safe.
class Enroller {
  public:
    /// Throws StartupError if a model is missing or corrupt.
    Enroller(const std::filesystem::path& models, const service::Settings& settings);

    /// The sample of the only face in the picture. `source` is kept with it, for people. Refused: no
    /// face, more than one (a face less than a third as large as the largest is background), one too
    /// small, too blurred or too poor.
    Result<gallery::Sample> sample(const Image& picture, const std::string& source);

    /// The sample of a crop that was aligned and assessed already, by the same rules.
    Result<gallery::Sample> sample(const Image& crop, const Quality& quality,
                                   const std::string& source);

    [[nodiscard]] const std::string& model_id() const { return embedder_.model_id(); }
    vision::Mtcnn& detector() { return detector_; }

  private:
    service::Settings::Gallery rules_;
    vision::Mtcnn detector_;
    vision::Embedder embedder_;
};

/// A picture and whose it is.
struct NamedPicture {
    std::string name;
    std::filesystem::path file;
};

/// The pictures below `paths`: a file is named after itself (alice.jpg), the files of a folder after
/// the folder, and so are those of its sub-folders; `name` overrides. Throws StartupError (unavailable)
/// for a path that is not there or has no pictures.
std::vector<NamedPicture> named_pictures(const std::vector<std::filesystem::path>& paths,
                                         const std::string& name);

}  // namespace facebus::cli

// Reads and embeds the faces in a folder of labelled images, and caches the embeddings.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"
#include "cli/commands.hpp"

namespace facebus::cli {

/// Quality and embedding of the face in an image.
struct EmbeddedFace {
    Quality quality;
    Embedding embedding{};
};

/// An image of a person, and the face in it.
struct LabelledImage {
    std::string person;                ///< name of the sub-folder of the set; see named_files()
    std::string file;                  ///< path relative to the folder of the set
    std::optional<EmbeddedFace> face;  ///< empty: no face was found, or the image cannot be read
};

/// All images of a folder and the model that embedded them.
struct FaceSet {
    std::string model_id;
    std::vector<LabelledImage> images;  ///< sorted by path

    /// Returns the number of people, including those without a face in any image.
    [[nodiscard]] std::size_t people() const;
    /// Returns the number of images without a face.
    [[nodiscard]] std::size_t without_face() const;
};

/// Detects and embeds the face in every image below `folder` on all cores, with the same detector,
/// crop and network as recognition. If an image shows several faces, uses a large and central one:
/// the face with the highest value of `area - 2 * distance * distance`, where `distance` is the
/// distance between the centres of face and image. A crop written by `facebus collect` is embedded
/// unchanged.
///
/// Results are cached in the file `cache` or, if this path is empty, in a file in the user's cache
/// folder. A later run thus continues where an interrupted run stopped. Overwrites the file unless
/// it is a cache of the same model and the same detector settings. Embeds an image again if it has
/// changed. Shows progress. Throws FatalError if there are no images, the cache cannot be written,
/// a model is missing, or a stop was requested.
FaceSet read_face_set(const Context& context, const std::filesystem::path& folder,
                      std::filesystem::path cache);

}  // namespace facebus::cli

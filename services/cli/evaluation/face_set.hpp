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

/// An image in a folder `<name>/*.jpg` and the face in it.
struct LabelledFace {
    struct Found {
        Quality quality;
        Embedding embedding{};
    };

    std::string person;          ///< name of the folder
    std::string file;            ///< path relative to the set's folder
    std::optional<Found> found;  ///< empty: no face was found, or the image can't be read
};

/// All images of a folder and the model that embedded them.
struct FaceSet {
    std::string model_id;
    std::vector<LabelledFace> faces;  ///< in order of their files

    [[nodiscard]] std::size_t people() const;
    [[nodiscard]] std::size_t without_face() const;
};

/// Detects and embeds the face in every image below `folder` on all cores, with the same detector,
/// crop and network as recognition. If an image shows several faces, the largest and most central
/// one is used: the one with the highest area minus twice the squared distance from the centre.
///
/// Results are cached in the file `cache` (if empty, in the user's cache folder), so that a stopped
/// run continues where it stopped. Other detector settings or another model discard the cache; a
/// changed image is embedded again. Shows progress. Throws FatalError if there are no images, the
/// cache can't be written, a model is missing, or a stop was requested.
FaceSet read_face_set(const Context& context, const std::filesystem::path& folder,
                      std::filesystem::path cache);

}  // namespace facebus::cli

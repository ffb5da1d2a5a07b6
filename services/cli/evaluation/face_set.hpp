// The faces of a folder of labelled pictures, embedded once and kept in a file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/embedding.hpp"
#include "base/image.hpp"
#include "cli/commands.hpp"

namespace facebus::cli {

/// A picture of a folder `<name>/*.jpg` and the face in it.
struct LabelledFace {
    struct Found {
        Quality quality;
        Embedding embedding{};
    };

    std::string person;          ///< name of the folder
    std::string file;            ///< path below the set's folder
    std::optional<Found> found;  ///< empty: no face was found, or the picture can't be read
};

struct FaceSet {
    std::string model_id;
    std::vector<LabelledFace> faces;  ///< in the order of their files

    [[nodiscard]] std::size_t people() const;
    [[nodiscard]] std::size_t without_face() const;
};

/// Finds and embeds the face of every picture below `folder` on all cores, with the detector,
/// crop and network of recognition. Of several faces in a picture the one counts that is large and
/// in the middle: most area less twice the squared distance from the centre. What is done is kept
/// in `cache`, so that a run that was stopped goes on where it was; an empty name means a file in
/// the user's cache folder. Other settings, another model or a changed picture make it anew. Shows
/// progress. Throws StartupError: no pictures, unreadable cache, missing model; interrupted.
FaceSet read_face_set(const Context& context, const std::filesystem::path& folder,
                      std::filesystem::path cache);

}  // namespace facebus::cli

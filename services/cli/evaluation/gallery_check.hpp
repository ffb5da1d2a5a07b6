// Searches the gallery in Redis for labelled images, with the policy of the workers.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "cli/evaluation/face_set.hpp"
#include "enrolment/enroller.hpp"
#include "gallery/decide/decision.hpp"

namespace facebus::cli {

/// Search for the face in one image.
struct GallerySearch {
    std::string file;       ///< path relative to the folder of the set
    std::string person;     ///< name of the person in the image
    bool enrolled = false;  ///< whether a person of this name is in the gallery
    gallery::Decision decision;

    /// Returns whether the decision names somebody.
    [[nodiscard]] bool named() const;
    /// Returns whether the decision names the person in the image.
    [[nodiscard]] bool correct() const;
};

/// Result of check_gallery().
struct GalleryCheck {
    std::size_t subjects = 0;  ///< people in the gallery
    std::size_t samples = 0;   ///< their samples
    std::size_t omitted = 0;   ///< images that are samples of the gallery
    std::vector<GallerySearch> searches{};

    /// Returns the number of searches for enrolled people or for impostors.
    [[nodiscard]] std::size_t count(bool enrolled) const;
    /// Returns the share of the searches for enrolled people that do not name the right person.
    [[nodiscard]] double fnir() const;
    /// Returns the share of the searches for enrolled people that name another person.
    [[nodiscard]] double misidentified() const;
    /// Returns the share of the searches for impostors that name somebody.
    [[nodiscard]] double fpir() const;
};

/// Searches the gallery once for each image with a face. The face is decided about like a track of
/// that single face. A person whose name is not in the gallery is an impostor. Omits images that
/// are samples of the person. Calls `step` after each image.
GalleryCheck check_gallery(const FaceSet& set, const enrolment::Matcher& matcher,
                           const std::function<void()>& step);

}  // namespace facebus::cli

// Finds the photos and videos to enrol, and the people in them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "enrolment/enroller.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::cli {

/// An image or video file and the name of the person it shows.
struct NamedFile {
    std::string name;
    std::filesystem::path file;
};

/// File name of the overview of faces that `demo` and `collect` write.
inline constexpr const char* contact_sheet_name = "contact-sheet.jpg";

/// Returns the files in `paths` and the images in the folders in `paths`, each with the name of its
/// person. If `name` is not empty, it is the name for all files. Otherwise, a file in `paths` has
/// its own name without extension, an image directly in a folder in `paths` has the name of that
/// folder, and an image further below has the name of the sub-folder directly in that folder.
/// Skips contact sheets (see contact_sheet_name) in folders. Throws FatalError (unavailable) if a
/// path does not exist, cannot be read, or is a folder without images.
std::vector<NamedFile> named_files(const std::vector<std::filesystem::path>& paths,
                                   const std::string& name);

/// Returns whether the file has the extension of a video: .mp4, .mkv, .avi, .mov or .webm.
bool is_video(const std::filesystem::path& file);

/// Follows the faces in the first second of a video. Returns the sightings that the tracker
/// selects: one vector per track, each in chronological order. Throws FatalError if the video
/// cannot be opened.
std::vector<std::vector<vision::Sighting>> people_of_first_second(enrolment::Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop);

}  // namespace facebus::cli

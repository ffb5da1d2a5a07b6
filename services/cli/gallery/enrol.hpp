// Finds the photos and videos to enrol, and the faces at the start of a video.
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

/// Name of the file to which `facebus demo` and `facebus collect` write an overview of the faces.
inline constexpr const char* contact_sheet_name = "contact-sheet.jpg";

/// Returns the files in `paths` and all images in the folders in `paths` and their sub-folders,
/// each with the name of its person. If `name` is not empty, every person has this name. Otherwise
/// the name of the person is:
///
/// - for a file in `paths`: the name of the file without its extension
/// - for an image directly in a folder in `paths`: the name of the folder
/// - for an image in a sub-folder, at any depth: the name of the outermost sub-folder
///
/// Skips contact sheets (see contact_sheet_name) in folders. Throws FatalError (unavailable) if a
/// path does not exist, or if a folder cannot be read or contains no images.
std::vector<NamedFile> named_files(const std::vector<std::filesystem::path>& paths,
                                   const std::string& name);

/// Returns whether the file has the extension of a video: .mp4, .mkv, .avi, .mov or .webm.
bool is_video(const std::filesystem::path& file);

/// Follows the faces in the first second of a video. Returns the sightings that the tracker
/// selects: one vector per track, each in chronological order. Ends early if a frame cannot be read
/// or a stop is requested. Throws FatalError if the video cannot be opened.
std::vector<std::vector<vision::Sighting>> people_of_first_second(enrolment::Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop);

}  // namespace facebus::cli

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

/// The overview that `demo` and `collect` write. named_files() skips it.
inline constexpr const char* contact_sheet_name = "contact-sheet.jpg";

/// Returns the files in `paths` with the names of their people. The name is `name` if that is not
/// empty. Otherwise, a file in `paths` is named after itself (alice.jpg), images directly in a
/// folder of `paths` after that folder, and all others after its first-level sub-folder. Contact
/// sheets in folders are skipped. Throws FatalError (unavailable) if a path does not exist or
/// contains no images.
std::vector<NamedFile> named_files(const std::vector<std::filesystem::path>& paths,
                                   const std::string& name);

/// Returns whether the file name is that of a video: .mp4, .mkv, .avi, .mov, .webm.
bool video(const std::filesystem::path& file);

/// Returns the sightings of everyone in the first second of a video, one vector per track, in order
/// of time. Throws FatalError if the video can't be opened.
std::vector<std::vector<vision::Sighting>> people_of_first_second(enrolment::Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop);

}  // namespace facebus::cli

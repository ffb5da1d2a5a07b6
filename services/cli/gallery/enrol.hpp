// What `facebus gallery add` and its like are given: pictures and videos of people.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/stop.hpp"
#include "enrolment/enroller.hpp"
#include "vision/track/tracker.hpp"

namespace facebus::cli {

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
std::vector<std::vector<vision::Sighting>> people_of_first_second(enrolment::Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop);

}  // namespace facebus::cli

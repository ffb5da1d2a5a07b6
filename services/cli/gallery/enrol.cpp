#include "cli/gallery/enrol.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "cli/must.hpp"
#include "vision/video/video_source.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t first_second_ns = 1'000'000'000;

std::string lower_case_extension(const fs::path& file) {
    auto text = file.extension().string();
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool is_image(const fs::path& file) {
    static const std::set<std::string> extensions{".jpg",  ".jpeg", ".png", ".bmp",
                                                  ".webp", ".tif",  ".tiff"};
    return extensions.contains(lower_case_extension(file));
}

/// Appends the images in `folder` and its sub-folders to `found`. `name` is the name of the person
/// in all images. If it is empty, the person in an image directly in `folder` has the name of
/// `folder`. The person in any other image has the name of the outermost sub-folder: the one that
/// is directly in `folder`.
void find_images(const fs::path& folder, const std::string& name, std::vector<NamedFile>& found) {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
    std::ranges::sort(entries);
    for (const auto& entry : entries) {
        if (fs::is_directory(entry)) {
            find_images(entry, name.empty() ? entry.filename().string() : name, found);
        } else if (is_image(entry) && entry.filename() != contact_sheet_name) {
            const auto own = fs::weakly_canonical(folder).filename().string();
            found.push_back({name.empty() ? own : name, entry});
        }
    }
}

/// Appends the file `path`, or the images in the folder `path`, to `found`. If `name` is empty, the
/// person in a file has the name of the file without its extension; for folders see find_images().
void find_files(const fs::path& path, const std::string& name, std::vector<NamedFile>& found) {
    if (!fs::exists(path)) {
        throw FatalError(Exit::unavailable,
                         fmt::format("{} does not exist; check the path", path.string()));
    }
    const auto before = found.size();
    if (fs::is_directory(path)) {
        find_images(path, name, found);
    } else {
        found.push_back({name.empty() ? path.stem().string() : name, path});
    }
    if (found.size() == before) {
        throw FatalError(Exit::unavailable,
                         fmt::format("{} contains no images (.jpg, .png, .bmp, .webp, .tif); "
                                     "choose a folder with images",
                                     path.string()));
    }
}

}  // namespace

std::vector<NamedFile> named_files(const std::vector<fs::path>& paths, const std::string& name) {
    std::vector<NamedFile> found;
    try {
        for (const auto& path : paths) find_files(path, name, found);
    } catch (const fs::filesystem_error& error) {
        throw FatalError(
            Exit::unavailable,
            fmt::format("cannot read {}: {}", error.path1().string(), error.code().message()));
    }
    return found;
}

bool is_video(const fs::path& file) {
    static const std::set<std::string> extensions{".mp4", ".mkv", ".avi", ".mov", ".webm"};
    return extensions.contains(lower_case_extension(file));
}

std::vector<std::vector<vision::Sighting>> people_of_first_second(enrolment::Enroller& enroller,
                                                                  const std::string& source,
                                                                  const Stop& stop) {
    auto opened = must(vision::VideoSource::open(source));
    vision::Tracker tracker({.max_probes = 64, .probe_interval = 0});
    std::map<std::uint64_t, std::vector<vision::Sighting>> tracks;
    while (!stop.requested()) {
        const auto frame = opened.read();
        if (!frame || !*frame || (*frame)->pts >= first_second_ns) break;
        auto found = tracker.process(enroller.sightings((*frame)->image), (*frame)->pts, false);
        for (auto& probe : found.probes) {
            tracks[probe.track].push_back(std::move(probe.sighting));
        }
    }
    std::vector<std::vector<vision::Sighting>> people;
    people.reserve(tracks.size());
    for (auto& [track, seen] : tracks) people.push_back(std::move(seen));
    return people;
}

}  // namespace facebus::cli

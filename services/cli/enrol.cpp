#include "cli/enrol.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>

#include <fmt/format.h>

#include "cli/must.hpp"
#include "detector_settings.hpp"
#include "vision/align.hpp"
#include "vision/crop_file.hpp"
#include "vision/image_file.hpp"
#include "vision/quality.hpp"
#include "vision/video_source.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t first_second_ns = 1'000'000'000;
constexpr std::size_t samples_of_a_video = 5;

std::string ending(const fs::path& file) {
    auto text = file.extension().string();
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

bool picture(const fs::path& file) {
    static const std::set<std::string> endings{".jpg",  ".jpeg", ".png", ".bmp",
                                               ".webp", ".tif",  ".tiff"};
    return endings.contains(ending(file));
}

void collect(const fs::path& folder, const std::string& name, std::vector<NamedPicture>& found) {
    std::vector<fs::path> entries;
    for (const auto& entry : fs::directory_iterator(folder)) entries.push_back(entry.path());
    std::ranges::sort(entries);
    for (const auto& entry : entries) {
        if (fs::is_directory(entry)) {
            collect(entry, name.empty() ? entry.filename().string() : name, found);
        } else if (picture(entry) && entry.filename() != contact_sheet_name) {
            const auto own = fs::weakly_canonical(folder).filename().string();
            found.push_back({name.empty() ? own : name, entry});
        }
    }
}

std::string explain(Flaw flaw, const Quality& quality, const service::Settings::Gallery& rules) {
    switch (flaw) {
        case Flaw::too_small:
            return fmt::format(
                "the face is too small: {:.0f} pixels between the eyes, needs {:.0f}",
                quality.eye_distance, rules.min_eye_distance);
        case Flaw::blurred:
            return fmt::format("the face is blurred: sharpness {:.0f}, needs {:.0f}",
                               quality.sharpness, rules.min_sharpness);
        case Flaw::poor:
            break;
    }
    return fmt::format(
        "the face is too poor: quality {:.2f}, needs {:.2f} (sharpness {:.0f}, turned by {:.2f}, "
        "detector {:.2f})",
        quality.overall, rules.min_quality, quality.sharpness, quality.yaw, quality.detector);
}

}  // namespace

std::optional<Flaw> flaw(const Quality& quality, const service::Settings::Gallery& rules) {
    if (quality.eye_distance < rules.min_eye_distance) return Flaw::too_small;
    if (quality.sharpness < rules.min_sharpness) return Flaw::blurred;
    if (quality.overall < rules.min_quality) return Flaw::poor;
    return std::nullopt;
}

Enroller::Enroller(const fs::path& models, const service::Settings& settings)
    : rules_(settings.gallery),
      detector_(models, detector_options(settings.detect)),
      embedder_(models) {}

Result<gallery::Sample> Enroller::sample(const Image& picture, const std::string& source) {
    auto faces = detector_.detect(picture);
    if (faces.empty()) {
        return fail(ErrorKind::refused,
                    fmt::format("no face of {} pixels or more found", rules_.min_eye_distance * 2));
    }
    std::ranges::sort(faces, std::greater{},
                      [](const vision::Detection& face) { return eye_distance(face.landmarks); });
    const auto largest = eye_distance(faces.front().landmarks);
    const auto count = std::ranges::count_if(faces, [&](const vision::Detection& face) {
        return eye_distance(face.landmarks) * 3 >= largest;
    });
    if (count > 1) {
        return fail(ErrorKind::refused,
                    fmt::format("{} faces found; cut the picture to the one person", count));
    }
    const auto crop = vision::align(picture, faces.front());
    return sample(crop, vision::assess(crop, faces.front()), source);
}

Result<gallery::Sample> Enroller::sample(const fs::path& file) {
    const auto source = file.filename().string();
    const auto crop = vision::read_crop(file);
    // A file that can't be read as a crop can't be read as a picture either.
    if (!crop) return std::unexpected(crop.error());
    if (*crop) return sample((*crop)->image, (*crop)->quality, source);
    const auto picture = vision::read_picture(file);
    if (!picture) return std::unexpected(picture.error());
    return sample(*picture, source);
}

std::vector<vision::Sighting> Enroller::sightings(const Image& image) {
    std::vector<vision::Sighting> all;
    for (const auto& face : detector_.detect(image)) {
        auto crop = vision::align(image, face);
        const auto quality = vision::assess(crop, face);
        all.push_back({face.box, face.landmarks, quality, std::move(crop)});
    }
    return all;
}

Result<gallery::Sample> Enroller::sample(const Image& crop, const Quality& quality,
                                         const std::string& source) {
    if (const auto found = flaw(quality, rules_)) {
        return fail(ErrorKind::refused, explain(*found, quality, rules_));
    }
    gallery::Sample sample;
    sample.source = source;
    sample.model_id = embedder_.model_id();
    sample.quality = quality.overall;
    sample.embedding = embedder_.embed({&crop, 1}).front();
    return sample;
}

Result<Enrolled> Enroller::add(gallery::Store& store, const std::string& name,
                               const std::vector<vision::Sighting>& seen,
                               const std::string& source) {
    Enrolled enrolled;
    Error refused{ErrorKind::refused, "no face found"};
    for (const auto& sighting : seen) {
        if (enrolled.added + enrolled.already == samples_of_a_video) break;
        auto one = sample(sighting.crop, sighting.quality, source);
        if (one) one = store.add(name, std::move(*one));
        if (one) {
            ++enrolled.added;
        } else if (one.error().kind == ErrorKind::exists) {
            ++enrolled.already;
        } else if (one.error().kind == ErrorKind::unavailable) {
            return std::unexpected(std::move(one.error()));
        } else {
            refused = std::move(one.error());
        }
    }
    if (enrolled.added + enrolled.already == 0) return std::unexpected(std::move(refused));
    return enrolled;
}

std::vector<NamedPicture> named_pictures(const std::vector<fs::path>& paths,
                                         const std::string& name) {
    std::vector<NamedPicture> found;
    for (const auto& path : paths) {
        if (!fs::exists(path)) {
            throw StartupError(Exit::unavailable,
                               fmt::format("{} is not there; check the name", path.string()));
        }
        const auto before = found.size();
        if (fs::is_directory(path)) {
            collect(path, name, found);
        } else {
            found.push_back({name.empty() ? path.stem().string() : name, path});
        }
        if (found.size() == before) {
            throw StartupError(
                Exit::unavailable,
                fmt::format("{} holds no pictures (.jpg, .png, .bmp, .webp, .tif)", path.string()));
        }
    }
    return found;
}

bool video(const fs::path& file) {
    static const std::set<std::string> endings{".mp4", ".mkv", ".avi", ".mov", ".webm"};
    return endings.contains(ending(file));
}

std::vector<std::vector<vision::Sighting>> people_of_first_second(Enroller& enroller,
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

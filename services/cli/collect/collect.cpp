// facebus collect: sorts the faces in videos into one folder of crops per person, ready to enrol.
#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/collect/collect_people.hpp"
#include "cli/collect/collect_sheet.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/face_folder.hpp"
#include "cli/gallery/matcher.hpp"
#include "cli/must.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"
#include "vision/image/image_file.hpp"
#include "vision/network/threads.hpp"

namespace facebus::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// Returns the name of a video file, or of a folder of frames, without its parent folders.
fs::path name_of(const std::string& video) {
    const fs::path path(video);
    return path.has_filename() ? path.filename() : path.parent_path().filename();  // "frames/"
}

/// Returns the total number of frames, or 0 if a video does not report its number of frames. Opens
/// every video, so that a wrong path ends the command before the work begins.
std::size_t frames_in(const std::vector<std::string>& videos) {
    std::size_t frames = 0;
    bool known = true;
    for (const auto& video : videos) {
        const auto kind = vision::source_kind(video);
        if (kind != vision::SourceKind::file && kind != vision::SourceKind::folder) {
            throw FatalError(Exit::input,
                             fmt::format("{} is a live source; record it to a file first",
                                         vision::without_credentials(video)));
        }
        const auto count = must(vision::VideoSource::open(video)).frame_count();
        known = known && count > 0;
        frames += static_cast<std::size_t>(std::max<std::int64_t>(count, 0));
    }
    return known ? frames : 0;
}

/// The people that one run of the command collects, and its output folder.
class Collection {
  public:
    Collection(const CollectOptions& options, const Stop& stop)
        : options_(options), stop_(stop), folder_(options.output) {}

    /// Reads all videos and groups the faces by person.
    void read(enrolment::Enroller& enroller, const settings::Settings& settings,
              std::size_t frames) {
        FaceHarvest harvest(enroller, settings.enrolment, options_.every);
        Progress progress("looking for faces", frames);
        for (const auto& source : options_.videos) {
            auto video = must(vision::VideoSource::open(source));
            harvest.read(video, progress, stop_);
            if (stop_.requested()) return;
        }
        tracks_ = harvest.tracks();
        count_ = harvest.count();
        people_ = people_of(tracks_, enroller.model_id());
    }

    /// Recognises the people who are enrolled.
    void match(const enrolment::Matcher& matcher) {
        recognise(people_, *matcher.gallery, matcher.policy);
    }

    /// Writes the crops and the contact sheet. keep() makes them permanent.
    void write() {
        name_folders(people_);
        Progress progress("writing", count_.kept);
        for (const auto& person : people_) {
            const auto folder = folder_.folder(person.folder);
            for (const auto* track : person.tracks) {
                for (const auto& crop : track->crops) {
                    if (stop_.requested()) return;
                    must(vision::write_crop(folder / file_name(*track, crop), crop.face));
                    progress.advance();
                }
            }
        }
        must(vision::write_image(folder_.entry(contact_sheet_name), sheet()));
    }

    void keep() { folder_.keep(); }

    [[nodiscard]] bool empty() const { return people_.empty(); }
    void print() const;
    void print_json() const;
    [[nodiscard]] std::string face_counts() const;

  private:
    [[nodiscard]] std::string file_name(const KeptTrack& track, const KeptCrop& crop) const {
        return fmt::format("{}-{:.1f}s-t{}.png",
                           safe_file_name(name_of(options_.videos[track.video]).stem().string()),
                           seconds(crop.pts), track.number);
    }

    [[nodiscard]] Image sheet() const;
    [[nodiscard]] std::string time_span(const CollectedPerson& person) const;

    const CollectOptions& options_;
    const Stop& stop_;
    FaceFolder folder_;
    std::vector<KeptTrack> tracks_;
    std::vector<CollectedPerson> people_;
    FaceCount count_;
};

std::size_t crops_of(const CollectedPerson& person) {
    std::size_t count = 0;
    for (const auto* track : person.tracks) count += track->crops.size();
    return count;
}

Image Collection::sheet() const {
    const auto source = options_.videos.size() == 1
                            ? name_of(options_.videos.front()).string()
                            : fmt::format("{} videos", options_.videos.size());
    return draw_contact_sheet(
        fmt::format("facebus: {} in {}", counted(people_.size(), "person", "people"), source),
        people_);
}

/// Returns the time span from the first to the last appearance of the person.
std::string Collection::time_span(const CollectedPerson& person) const {
    const auto& first = *person.tracks.front();
    const auto& last = *std::ranges::max_element(person.tracks, {}, [](const KeptTrack* track) {
        return std::pair(track->video, track->to);
    });
    const auto name = [&](std::size_t video) {
        return name_of(options_.videos[video]).stem().string() + " ";
    };
    return fmt::format("{}{:.1f} s to {}{:.1f} s",
                       options_.videos.size() > 1 ? name(first.video) : "", seconds(first.from),
                       last->video != first.video ? name(last->video) : "", seconds(last->to));
}

std::string Collection::face_counts() const {
    return fmt::format(
        "{} detected: {} kept; skipped: {} too small, {} blurred, {} of low quality, "
        "{} redundant",
        counted(count_.faces, "face", "faces"), count_.kept, count_.too_small, count_.blurred,
        count_.poor, count_.redundant());
}

void Collection::print() const {
    for (const auto& person : people_) {
        safe_print(
            "{:<24} {:>9}  {:>9}  {}{}\n", person.folder,
            counted(crops_of(person), "crop", "crops"),
            counted(person.tracks.size(), "track", "tracks"), time_span(person),
            person.subject ? fmt::format("  similarity {:.2f}", person.subject->similarity) : "");
    }
    safe_print("{0}\n{1} in {2}; check {3}, rename the folders, then run facebus gallery add {2}\n",
               face_counts(), counted(people_.size(), "person", "people"), folder_.path().string(),
               (folder_.path() / contact_sheet_name).string());
}

void Collection::print_json() const {
    Json people = Json::array();
    for (const auto& person : people_) {
        Json tracks = Json::array();
        for (const auto* track : person.tracks) {
            Json files = Json::array();
            for (const auto& crop : track->crops) files.push_back(file_name(*track, crop));
            tracks.push_back({{"video", options_.videos[track->video]},
                              {"track", track->number},
                              {"from", seconds(track->from)},
                              {"to", seconds(track->to)},
                              {"files", files}});
        }
        Json one{{"folder", person.folder}};
        if (person.subject) {
            one["subject"] = person.subject->name;
            one["similarity"] = person.subject->similarity;
        }
        one["tracks"] = tracks;
        people.push_back(one);
    }
    const Json all{{"output", folder_.path().string()},
                   {"people", people},
                   {"faces",
                    {{"seen", count_.faces},
                     {"kept", count_.kept},
                     {"too_small", count_.too_small},
                     {"blurred", count_.blurred},
                     {"poor", count_.poor},
                     {"redundant", count_.redundant()}}}};
    safe_print_json(all, 2);
}

}  // namespace

Exit collect(const Context& context, const CollectOptions& options) {
    const auto frames = frames_in(options.videos);
    Collection collection(options, context.stop);
    vision::use_threads(0);
    enrolment::Enroller enroller(context.models, context.settings.detect,
                                 context.settings.enrolment, context.settings.recognize.embedder);
    std::optional<enrolment::Matcher> known;
    if (options.match) {
        gallery::Store store(context.settings.redis);
        known = load_matcher(store, context.settings.calibration, enroller.model_id());
    }

    collection.read(enroller, context.settings, frames);
    if (context.stop.requested()) return Exit::interrupted;
    if (collection.empty()) {
        throw FatalError(Exit::input, fmt::format("no face is good enough to enrol; {}",
                                                  collection.face_counts()));
    }
    if (known) collection.match(*known);
    collection.write();
    if (context.stop.requested()) return Exit::interrupted;
    collection.keep();
    if (options.json) {
        collection.print_json();
    } else {
        collection.print();
    }
    return Exit::ok;
}

}  // namespace facebus::cli

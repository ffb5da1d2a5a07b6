// facebus gallery: adds, lists and shows enrolled people, and writes their photos.
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/enrol.hpp"
#include "cli/gallery/matcher.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/id.hpp"
#include "gallery/store/store.hpp"
#include "vision/network/threads.hpp"

namespace facebus::cli {
namespace {

/// Enrols the person in a photo. If `matcher` is not null, rejects a face that belongs to another
/// person. Prints a warning if the photo is poor. If it cannot be used, fails with `refused`, so
/// that `unavailable` always comes from the store.
Result<enrolment::Enrolled> enrol_photo(enrolment::Enroller& enroller, gallery::Store& store,
                                        const NamedFile& named, enrolment::Matcher* matcher,
                                        Progress& progress) {
    const auto face = enroller.sample(named.file);
    if (!face) return fail(ErrorKind::refused, face.error().message);
    if (matcher != nullptr) {
        const auto other = find_other_person(store, named.name, face->sample.embedding, *matcher);
        if (!other) return std::unexpected(other.error());
        if (*other) {
            return fail(ErrorKind::refused,
                        enrolment::looks_like(**other) + "; use that name, or --allow-duplicates");
        }
    }
    auto enrolled = enrol(store, named.name, *face);
    if (enrolled && enrolled->added > 0 && !face->warning.empty()) {
        progress.note(fmt::format("warning: enrolled {} for {}, but {}", named.file.string(),
                                  named.name, face->warning));
    }
    return enrolled;
}

/// Enrols the people seen in the first second of a video. If there are several, each gets a
/// numbered name, because it is unknown which of them has the given name. Fails with `unavailable`
/// if the store is unavailable, and with the last rejection if no one could be enrolled.
Result<enrolment::Enrolled> enrol_video(enrolment::Enroller& enroller, gallery::Store& store,
                                        const NamedFile& video, const Stop& stop,
                                        enrolment::Matcher* matcher) {
    const auto people = people_of_first_second(enroller, video.file.string(), stop);
    const auto source = video.file.filename().string() + ", first second";
    enrolment::Enrolled all;
    std::size_t number = 0;
    Error rejection{ErrorKind::refused, "no face found in the first second"};
    for (const auto& seen : people) {
        ++number;
        const auto name =
            people.size() == 1 ? video.name : fmt::format("{} face {}", video.name, number);
        auto samples = enroller.add(store, name, seen, source, matcher);
        if (samples) {
            all.added += samples->added;
            all.already += samples->already;
        } else if (samples.error().kind == ErrorKind::unavailable) {
            return samples;
        } else {
            rejection = std::move(samples.error());
        }
    }
    if (all.added + all.already == 0) return std::unexpected(std::move(rejection));
    return all;
}

}  // namespace

Exit gallery_add(const Context& context, const GalleryAddOptions& options) {
    const auto files = named_files(options.paths, options.name);
    gallery::Store store(context.settings.redis);
    must(store.ping());
    vision::use_threads(0);
    enrolment::Enroller enroller(context.models, context.settings.detect,
                                 context.settings.enrolment, context.settings.recognize.embedder);
    std::optional<enrolment::Matcher> known;
    if (!options.allow_duplicates) {
        known = load_matcher(store, context.settings.calibration, enroller.model_id());
    }
    auto* const matcher = known ? &*known : nullptr;

    enrolment::Enrolled all;
    std::size_t rejected = 0;
    {
        Progress progress("enrolling", files.size());
        for (const auto& named : files) {
            if (context.stop.requested()) break;
            const auto samples = is_video(named.file)
                                     ? enrol_video(enroller, store, named, context.stop, matcher)
                                     : enrol_photo(enroller, store, named, matcher, progress);
            if (samples) {
                all.added += samples->added;
                all.already += samples->already;
            } else if (samples.error().kind == ErrorKind::unavailable) {
                must(samples);
            } else {
                ++rejected;
                progress.note(fmt::format("rejected {} for {}: {}", named.file.string(), named.name,
                                          samples.error().message));
            }
            progress.advance();
        }
    }
    safe_print("{} added, {}{} rejected\n", counted(all.added, "sample", "samples"),
               all.already > 0 ? fmt::format("{} already enrolled, ", all.already) : "",
               counted(rejected, "file", "files"));
    if (context.stop.requested()) return Exit::interrupted;
    return rejected > 0 ? Exit::input : Exit::ok;
}

Exit gallery_list(const Context& context, bool json) {
    gallery::Store store(context.settings.redis);
    const auto entries = must(store.list());
    if (json) {
        auto all = nlohmann::ordered_json::array();
        for (const auto& entry : entries) {
            all.push_back({{"name", entry.subject.name},
                           {"id", entry.subject.id},
                           {"samples", entry.samples},
                           {"ignored", entry.subject.ignored},
                           {"created", iso8601(entry.subject.created)}});
        }
        safe_print_json(all, 2);
        return Exit::ok;
    }
    for (const auto& entry : entries) {
        safe_print("{:<32} {:>4} {:<7}  since {}{}\n", entry.subject.name, entry.samples,
                   entry.samples == 1 ? "sample" : "samples", iso8601(entry.subject.created),
                   entry.subject.ignored ? "  ignored" : "");
    }
    safe_print("{}\n", counted(entries.size(), "person", "people"));
    return Exit::ok;
}

Exit gallery_show(const Context& context, const std::string& name, bool json) {
    gallery::Store store(context.settings.redis);
    const auto samples = must(store.show(name));
    if (json) {
        auto all = nlohmann::ordered_json::array();
        for (const auto& sample : samples) {
            all.push_back({{"id", sample.id},
                           {"source", sample.source},
                           {"quality", sample.quality},
                           {"model", sample.model_id},
                           {"created", iso8601(sample.created)}});
        }
        safe_print_json(all, 2);
        return Exit::ok;
    }
    for (const auto& sample : samples) {
        safe_print("{}  quality {:.2f}  {}  {}  {}\n", sample.id, sample.quality,
                   iso8601(sample.created), sample.model_id, sample.source);
    }
    return Exit::ok;
}

Exit gallery_photo(const Context& context, const std::string& id,
                   const std::filesystem::path& file) {
    gallery::Store store(context.settings.redis);
    const auto photo = must(store.photo(gallery::from_uuid(id)));
    if (!photo) {
        throw FatalError(Exit::input,
                         fmt::format("no photo is stored for sample {}; check the id with facebus "
                                     "gallery show NAME; photos are stored only while "
                                     "gallery.keep_photos is true",
                                     id));
    }
    must(write_private_file(file, *photo));
    return Exit::ok;
}

}  // namespace facebus::cli

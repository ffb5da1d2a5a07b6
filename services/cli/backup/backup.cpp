// facebus backup: writes gallery, history, settings and keys to one file.
#include "gallery/archive/backup.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/file.hpp"
#include "cli/backup/setting_files.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/id.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/store.hpp"
#include "wire/codec.hpp"

namespace facebus::cli {
namespace {

// Number of results that are read from Redis at once.
constexpr std::size_t results_per_page = 500;
// A result of more bytes was not written by facebus, and does not fit into a line of the backup.
constexpr std::size_t max_header_bytes = 40'000;

/// Writes the files that can be read, and prints the others. Returns the number of written files.
std::size_t write_files(gallery::BackupWriter& out, const std::vector<SettingFile>& files) {
    std::size_t written = 0;
    for (const auto& file : files) {
        const auto content = read_setting_file(file.path);
        if (!content) {
            safe_print(stderr, "not in the backup: {} ({})\n", content.error().message,
                       file.setting);
            continue;
        }
        std::error_code error;
        const auto permissions = std::filesystem::status(file.path, error).permissions();
        const bool secret = error || (permissions & std::filesystem::perms::others_read) ==
                                         std::filesystem::perms::none;
        std::size_t offset = 0;
        do {
            const auto part = content->substr(offset, gallery::BackupFilePart::max_bytes);
            must(out.write(gallery::BackupFilePart{.path = file.path.string(),
                                                   .setting = file.setting,
                                                   .secret = secret,
                                                   .offset = offset,
                                                   .content = part}));
            offset += part.size();
        } while (offset < content->size());
        ++written;
    }
    return written;
}

/// Writes the stored adaptation, if there is one. An adaptation that is damaged is not backed up.
void write_adaptation(gallery::BackupWriter& out, gallery::Store& store) {
    const auto stored = store.adaptation();
    if (!stored) {
        if (stored.error().kind == ErrorKind::unavailable) must(stored);
        safe_print(stderr, "not in the backup: {}\n", stored.error().message);
        return;
    }
    if (!*stored) return;
    const auto text = gallery::write_adaptation((*stored)->adaptation);
    constexpr auto part = gallery::BackupAdaptationPart::max_bytes;
    for (std::size_t offset = 0; offset < text.size(); offset += part) {
        must(out.write(gallery::BackupAdaptationPart{offset, text.substr(offset, part)}));
    }
}

/// What write_gallery() has written.
struct WrittenGallery {
    std::size_t subjects = 0;
    std::size_t samples = 0;
    std::size_t omitted = 0;  ///< samples that are damaged, or were removed in the meantime
    /// Ids of the subjects that are not ignored, and of all samples. Results name only these.
    std::unordered_set<std::string> ids{};
};

/// Writes all subjects with their samples and photos.
WrittenGallery write_gallery(gallery::BackupWriter& out, gallery::Store& store,
                             const std::vector<gallery::SubjectEntry>& subjects, const Stop& stop) {
    Progress progress("backing up", subjects.size());
    const auto step = steps(progress, stop);
    WrittenGallery written;
    for (const auto& entry : subjects) {
        const auto samples = must(store.samples({entry}, 0, entry.samples));
        const auto found = must(store.find(entry.subject.name));
        // Skip a subject that was removed or renamed after the list was read.
        if (found && found->id == entry.subject.id) {
            must(out.write(*found));
            for (const auto& [name, sample] : samples) {
                auto photo = must(store.photo(sample.id)).value_or("");
                must(out.write(gallery::StoredSample{sample, std::move(photo),
                                                     must(store.further_embedding(sample.id))}));
                written.ids.insert(sample.id);
            }
            if (!found->ignored) written.ids.insert(found->id);
            ++written.subjects;
            written.samples += samples.size();
            written.omitted += entry.samples - samples.size();
        }
        step();
    }
    return written;
}

/// Returns whether the result names only subjects and samples with these ids. A result of a removed
/// or ignored person is in the history while its erasure is pending.
bool names_only(const gallery::HistoryEntry& entry, const std::unordered_set<std::string>& ids) {
    const auto identity = wire::decode<wire::Identity>(entry.header, 0);
    if (!identity) return false;
    return (entry.subject_id.empty() || ids.contains(entry.subject_id)) &&
           (!identity->subject_id || ids.contains(*identity->subject_id)) &&
           (!identity->runner_up || ids.contains(identity->runner_up->subject_id)) &&
           (!identity->best || ids.contains(identity->best->subject_id)) &&
           std::ranges::all_of(identity->samples,
                               [&](const std::string& sample) { return ids.contains(sample); });
}

/// Writes the results up to the entry `last` that name only subjects and samples with these ids.
/// Returns their number.
std::size_t write_history(gallery::BackupWriter& out, gallery::History& history,
                          const std::string& last, const std::unordered_set<std::string>& ids) {
    std::size_t written = 0;
    std::string position = "0-0";
    while (last != "0-0") {
        const auto entries = must(history.after(position, results_per_page));
        for (const auto& entry : entries) {
            if (gallery::parse_stream_id(entry.id) > gallery::parse_stream_id(last)) return written;
            if (entry.header.size() > max_header_bytes || !names_only(entry, ids)) continue;
            must(out.write(entry));
            ++written;
        }
        if (entries.size() < results_per_page) return written;
        position = entries.back().id;
    }
    return written;
}

}  // namespace

Exit backup(const Context& context, const BackupOptions& options) {
    if (options.passphrase.empty() && !options.unencrypted) {
        throw FatalError(Exit::usage,
                         "a backup contains names, photos and secret keys; use --passphrase FILE "
                         "to encrypt it, or --unencrypted");
    }
    const auto passphrase = read_secret(options.passphrase.string(), "--passphrase");
    gallery::Store store(context.settings.redis);
    gallery::History history(context.settings.redis, context.settings.results.hours);
    // Results after this one are not backed up, because they can name people who were enrolled
    // after the list of subjects was read.
    const auto last = must(history.newest());
    const auto subjects = must(store.list());
    auto out = must(gallery::BackupWriter::create(
        options.file, passphrase, {.format = gallery::format_version, .created = utc_ns()}));
    const auto files = write_files(out, setting_files(context));
    if (const auto stored = must(store.calibration())) must(out.write(*stored));
    write_adaptation(out, store);
    const auto written = write_gallery(out, store, subjects, context.stop);
    const auto results = write_history(out, history, last, written.ids);
    must(out.commit());
    safe_print("{}, {}, {}, {} in {}\n", counted(written.subjects, "person", "people"),
               counted(written.samples, "sample", "samples"), counted(results, "result", "results"),
               counted(files, "file", "files"), options.file.string());
    if (written.omitted > 0) {
        safe_print(stderr, "{} omitted, because they are damaged or were just removed\n",
                   counted(written.omitted, "sample", "samples"));
    }
    return Exit::ok;
}

}  // namespace facebus::cli

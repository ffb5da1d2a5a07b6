// facebus restore: restores a backup into Redis and a folder.
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/backup/setting_files.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/erase.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/archive/backup.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/store.hpp"

namespace facebus::cli {
namespace {

// Maximum number of records that are written to Redis in one transaction or round trip.
constexpr std::size_t records_per_write = 64;
// Maximum total size of the files of settings and keys, which are kept in memory.
constexpr std::size_t max_files_bytes = 64 << 20;

struct File {
    std::string setting;
    bool secret = false;
    std::string content;
};

/// What a backup contains.
struct Content {
    std::map<std::string, File> files;  ///< by path
    std::size_t subjects = 0;
    std::size_t samples = 0;
    std::size_t results = 0;
};

/// Opens the backup. Throws FatalError if its data has a format that this program does not know.
gallery::BackupReader open(const RestoreOptions& options, const std::string& passphrase) {
    auto in = must(gallery::BackupReader::open(options.file, passphrase));
    if (in.header().format > gallery::format_version) {
        throw FatalError(
            Exit::config,
            fmt::format("{} contains data of format {}, but this program supports "
                        "only format {}; upgrade this program",
                        options.file.string(), in.header().format, gallery::format_version));
    }
    return in;
}

/// Reads and checks the whole backup, and returns a summary with its files.
Content read_all(const RestoreOptions& options, const std::string& passphrase, const Stop& stop) {
    auto in = open(options, passphrase);
    Content content;
    std::size_t bytes = 0;
    Progress progress("checking", 0);
    const auto step = steps(progress, stop);
    while (auto record = must(in.next())) {
        if (auto* part = std::get_if<gallery::BackupFilePart>(&*record)) {
            auto& file = content.files[part->path];
            bytes += part->content.size();
            if (part->offset != file.content.size() || bytes > max_files_bytes) {
                throw FatalError(Exit::input,
                                 fmt::format("{}: {} is incomplete or too large; use another "
                                             "backup",
                                             options.file.string(), part->path));
            }
            file.setting = std::move(part->setting);
            file.secret = part->secret;
            file.content += part->content;
        }
        if (std::holds_alternative<gallery::Subject>(*record)) ++content.subjects;
        if (std::holds_alternative<gallery::StoredSample>(*record)) ++content.samples;
        if (std::holds_alternative<gallery::HistoryEntry>(*record)) ++content.results;
        step();
    }
    return content;
}

std::filesystem::path target(const RestoreOptions& options, const std::string& path) {
    return options.into / std::filesystem::path(path).relative_path();
}

/// Throws FatalError if a file must not be written: if it exists with different content, or if it
/// is or would be below a symbolic link in the folder --into, because the link may lead out of it.
/// A file with the same content was written by an earlier, incomplete restore.
void check_targets(const RestoreOptions& options, const Content& content) {
    const auto refuse = [](const std::filesystem::path& file, std::string_view why) {
        return FatalError(Exit::input, fmt::format("{} {}; choose another folder for --into",
                                                   file.string(), why));
    };
    for (const auto& [path, file] : content.files) {
        std::error_code error;
        auto into = options.into;
        auto type = std::filesystem::file_type::none;
        for (const auto& name : std::filesystem::path(path).relative_path()) {
            into /= name;
            type = std::filesystem::symlink_status(into, error).type();
            if (type == std::filesystem::file_type::symlink) {
                throw refuse(into, "is a symbolic link");
            }
        }
        if (type == std::filesystem::file_type::not_found) continue;
        const auto existing = read_setting_file(into);
        if (!existing || *existing != file.content) {
            throw refuse(into, "exists with different content and is not replaced");
        }
    }
}

/// Throws FatalError if Redis contains people or results, unless --replace is given.
void check_redis(gallery::Store& store, gallery::History& history, const RestoreOptions& options) {
    if (options.replace) return;
    if (must(store.list()).empty() && must(history.newest()) == "0-0") return;
    throw FatalError(Exit::input,
                     "Redis already contains people or results; use another database (redis.url), "
                     "or --replace to remove them");
}

/// Returns the subcommand that repeats the restore.
std::string restore_command(const RestoreOptions& options) {
    return fmt::format("restore \"{}\"{} --into \"{}\" --replace", options.file.string(),
                       passphrase_option(options.passphrase), options.into.string());
}

/// Removes the calibration, the adaptation and the history, and with --replace also all people from
/// Redis. Erases their traces from Redis, but not yet from its files.
void empty_redis(const Context& context, gallery::Store& store, gallery::History& history,
                 gallery::Eraser& eraser, const RestoreOptions& options) {
    must(store.clear_calibration());
    must(store.clear_adaptation());
    // Even an empty history has a newest id, before which no results can be restored.
    must(history.clear());
    if (options.replace) must(store.remove_all(true));
    // If an erasure were continued later, it would erase the restored results of people who were
    // removed after the backup.
    erase(context, eraser, "the people in Redis are removed", restore_command(options),
          gallery::ErasurePhase::files);
}

/// Writes the records of a backup to Redis, several at once.
class RedisWriter {
  public:
    RedisWriter(gallery::Store& store, gallery::History& history)
        : store_(store), history_(history) {}

    void write(gallery::BackupRecord record) {
        if (const auto* calibration = std::get_if<gallery::CalibrationOptions>(&record)) {
            must(store_.set_calibration(*calibration));
        } else if (auto* part = std::get_if<gallery::BackupAdaptationPart>(&record)) {
            if (part->offset != adaptation_.size() ||
                adaptation_.size() + part->content.size() > gallery::max_adaptation_bytes) {
                throw FatalError(Exit::input, "the adaptation in the backup is incomplete");
            }
            adaptation_ += part->content;
        } else if (std::holds_alternative<gallery::OldPolicy>(record)) {
            safe_print(stderr,
                       "the calibration in this backup is for cosine similarities and was not "
                       "restored; run `facebus calibrate --fpir RATE` to set the rate again\n");
        } else if (auto* subject = std::get_if<gallery::Subject>(&record)) {
            flush();
            subject_ = std::move(*subject);
            pending_ = true;
        } else if (auto* sample = std::get_if<gallery::StoredSample>(&record)) {
            samples_.push_back(std::move(*sample));
            if (samples_.size() == records_per_write) flush();
        } else if (auto* result = std::get_if<gallery::HistoryEntry>(&record)) {
            entries_.push_back(std::move(*result));
            if (entries_.size() == records_per_write) flush();
        }
    }

    /// Writes the adaptation, if the backup contains one.
    void finish() {
        flush();
        if (adaptation_.empty()) return;
        must(store_.set_adaptation(must(gallery::read_adaptation(adaptation_))));
    }

    void flush() {
        if (pending_ || !samples_.empty()) must(store_.restore(subject_, samples_));
        pending_ = false;
        samples_.clear();
        if (!entries_.empty()) results_ += must(history_.restore(entries_));
        entries_.clear();
    }

    /// Returns the number of written results.
    [[nodiscard]] std::size_t results() const { return results_; }

  private:
    gallery::Store& store_;
    gallery::History& history_;
    std::string adaptation_;  ///< text of the adaptation, as far as it was read
    gallery::Subject subject_;
    bool pending_ = false;                        ///< subject_ is not written yet
    std::vector<gallery::StoredSample> samples_;  ///< samples of subject_
    std::vector<gallery::HistoryEntry> entries_;
    std::size_t results_ = 0;
};

void write_files(const RestoreOptions& options, const Content& content) {
    for (const auto& [path, file] : content.files) {
        const auto into = target(options, path);
        std::error_code error;
        std::filesystem::create_directories(into.parent_path(), error);
        if (!std::filesystem::exists(std::filesystem::symlink_status(into, error))) {
            must(file.secret ? write_private_file(into, file.content)
                             : write_file(into, file.content));
        }
        safe_print("{}  {}\n", into.string(), file.setting);
    }
}

/// Writes all records to Redis and all files. Returns the number of restored results.
std::size_t write_all(const Context& context, const RestoreOptions& options,
                      const std::string& passphrase, const Content& content, RedisWriter& writer) {
    auto in = open(options, passphrase);
    {
        Progress progress("restoring", content.subjects + content.samples + content.results);
        const auto step = steps(progress, context.stop);
        while (auto record = must(in.next())) {
            writer.write(std::move(*record));
            step();
        }
        writer.finish();
    }
    write_files(options, content);
    return writer.results();
}

}  // namespace

Exit restore(const Context& context, const RestoreOptions& options) {
    const auto passphrase = read_secret(options.passphrase.string(), "--passphrase");
    gallery::Store store(context.settings.redis);
    gallery::History history(context.settings.redis, context.settings.results.hours);
    must(store.ping());
    const auto content = read_all(options, passphrase, context.stop);
    check_targets(options, content);
    check_redis(store, history, options);
    gallery::Eraser eraser(context.settings.redis);
    std::size_t results = 0;
    try {
        empty_redis(context, store, history, eraser, options);
        RedisWriter writer(store, history);
        results = write_all(context, options, passphrase, content, writer);
    } catch (const FatalError& error) {
        throw FatalError(
            error.code(),
            fmt::format("{}; the restore is incomplete, repeat it with --replace", error.what()));
    }
    safe_print("{}, {}, {}, {}\n", counted(content.subjects, "person", "people"),
               counted(content.samples, "sample", "samples"), counted(results, "result", "results"),
               counted(content.files.size(), "file", "files"));
    if (results < content.results) {
        safe_print(stderr, "{} omitted, because they are older than results.history_hours\n",
                   counted(content.results - results, "result", "results"));
    }
    erase(context, eraser, "the backup is restored", restore_command(options));
    return Exit::ok;
}

}  // namespace facebus::cli

// facebus gallery export and import: write the gallery to a file and read it back.
#include <optional>

#include <fmt/format.h>

#include "base/file.hpp"
#include "cli/commands.hpp"
#include "cli/counted.hpp"
#include "cli/gallery/erase.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "gallery/store/store.hpp"
#include "gallery_file/gallery_file.hpp"

namespace facebus::cli {
namespace {

std::string passphrase(const ArchiveOptions& options) {
    return read_secret(options.passphrase.string(), "--passphrase");
}

/// Shows the progress of an export or import. Creates the Progress after the first step, because
/// the number of steps is not known earlier.
class Steps {
  public:
    Steps(const char* what, const Stop& stop) : what_(what), stop_(stop) {}

    /// Records one completed step. `all` is the total number of steps. Returns false if a stop was
    /// requested.
    bool operator()(std::size_t all) {
        if (!progress_) progress_.emplace(what_, all);
        progress_->advance();
        return !stop_.requested();
    }

  private:
    const char* what_;
    const Stop& stop_;
    std::optional<Progress> progress_;
};

}  // namespace

Exit gallery_export(const Context& context, const ArchiveOptions& options) {
    gallery::Store store(context.settings.redis);
    Result<gallery::ArchiveHeader> written;
    {
        Steps steps("exporting", context.stop);
        written =
            gallery_file::export_gallery(store, options.file, passphrase(options),
                                         [&](std::size_t all, std::size_t) { return steps(all); });
    }
    if (!written && context.stop.requested()) return Exit::interrupted;
    const auto header = must(written);
    safe_print("{}, {} in {}\n", counted(header.subjects, "person", "people"),
               counted(header.samples, "sample", "samples"), options.file.string());
    return Exit::ok;
}

Exit gallery_import(const Context& context, const ArchiveOptions& options) {
    gallery::Store store(context.settings.redis);
    must(store.ping());
    Result<gallery_file::Imported> read;
    {
        Steps steps("importing", context.stop);
        read =
            gallery_file::import_gallery(store, options.file, passphrase(options),
                                         [&](std::size_t all, std::size_t) { return steps(all); });
    }
    // Erase the results that name imported people who are ignored, also after an incomplete import.
    gallery::Eraser eraser(context.settings.redis);
    const auto state = read ? std::string("the people are imported")
                            : fmt::format("the import is incomplete ({})", read.error().message);
    erase(context, eraser, state,
          fmt::format("gallery import \"{}\"{}", options.file.string(),
                      passphrase_option(options.passphrase)));
    if (!read && context.stop.requested()) return Exit::interrupted;
    const auto imported = must(read);
    safe_print("{} added, {} already enrolled\n", counted(imported.added, "sample", "samples"),
               imported.already);
    if (imported.added + imported.already < imported.expected) {
        safe_print(stderr,
                   "the header of {} states {}, but the file contains fewer: samples were removed "
                   "during the export, or the file is truncated\n",
                   options.file.string(), counted(imported.expected, "sample", "samples"));
    }
    return Exit::ok;
}

}  // namespace facebus::cli

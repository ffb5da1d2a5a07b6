// facebus gallery export and import.
#include <fmt/format.h>

#include "cli/commands.hpp"
#include "cli/must.hpp"
#include "cli/progress.hpp"
#include "gallery/archive.hpp"
#include "gallery/sealed_file.hpp"
#include "gallery/store.hpp"
#include "gallery_settings.hpp"

namespace facebus::cli {
namespace {

std::string passphrase(const ArchiveOptions& options) {
    auto secret = service::read_secret(options.passphrase.string(), "--passphrase");
    if (!options.passphrase.empty() && secret.empty()) {
        throw StartupError(Exit::input, fmt::format("{} holds no passphrase in its first line",
                                                    options.passphrase.string()));
    }
    return secret;
}

}  // namespace

Exit gallery_export(const Context& context, const ArchiveOptions& options) {
    gallery::Store store(redis_options(context.settings));
    const auto subjects = must(store.list());
    gallery::ArchiveHeader header{.subjects = subjects.size()};
    for (const auto& entry : subjects) header.samples += entry.samples;

    auto file = must(gallery::SealedWriter::create(options.file, passphrase(options)));
    must(file.write(gallery::archive_line(header)));
    std::size_t written = 0;
    {
        Progress progress("exporting", header.samples);
        for (const auto& entry : subjects) {
            const auto samples = store.show(entry.subject.name);
            // Whoever was removed meanwhile is rightly not in it.
            if (!samples && samples.error().kind == ErrorKind::refused) continue;
            for (const auto& sample : must(samples)) {
                if (context.stop.requested()) return Exit::interrupted;
                must(file.write(gallery::archive_line(entry.subject.name, sample)));
                ++written;
                progress.advance();
            }
        }
    }
    must(file.commit());
    fmt::print("{} subjects, {} samples in {}\n", header.subjects, written, options.file.string());
    return Exit::ok;
}

Exit gallery_import(const Context& context, const ArchiveOptions& options) {
    auto file = must(gallery::SealedReader::open(options.file, passphrase(options)));
    const auto header =
        must(gallery::read_archive_header(must(file.line()).value_or(std::string())));
    gallery::Store store(redis_options(context.settings));
    must(store.ping());
    std::size_t added = 0;
    std::size_t already = 0;
    {
        Progress progress("importing", header.samples);
        while (const auto line = must(file.line())) {
            if (context.stop.requested()) return Exit::interrupted;
            auto archived = must(gallery::read_archive_line(*line));
            const auto sample = store.add(archived.subject, std::move(archived.sample));
            if (!sample && sample.error().kind != ErrorKind::exists) must(sample);
            ++(sample ? added : already);
            progress.advance();
        }
    }
    fmt::print("{} added, {} already enrolled\n", added, already);
    if (added + already < header.samples) {
        fmt::print(stderr,
                   "{} tells of {} samples: some were removed while it was written, or it "
                   "is cut off\n",
                   options.file.string(), header.samples);
    }
    return Exit::ok;
}

}  // namespace facebus::cli

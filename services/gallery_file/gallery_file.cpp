#include "gallery_file/gallery_file.hpp"

#include <utility>

#include "crypto/sealed_file.hpp"

namespace facebus::gallery_file {
namespace {

std::unexpected<Error> stopped_error() {
    return fail(ErrorKind::refused, "stopped");
}

/// Marks a subject as ignored. If the gallery does not contain the subject, creates it first, so
/// that it is already ignored when its first sample is added.
Result<void> ignore(gallery::Store& store, const std::string& name) {
    const auto created = store.add_subject(name);
    if (!created && created.error().kind != ErrorKind::exists) {
        return std::unexpected(created.error());
    }
    return store.set_ignored(name, true);
}

}  // namespace

Result<gallery::ArchiveHeader> export_gallery(gallery::Store& store,
                                              const std::filesystem::path& file,
                                              const std::string& passphrase,
                                              const GalleryFileStep& step) {
    const auto subjects = store.list();
    if (!subjects) return std::unexpected(subjects.error());
    gallery::ArchiveHeader header{.subjects = subjects->size(), .samples = 0};
    for (const auto& entry : *subjects) header.samples += entry.samples;

    auto out = crypto::SealedWriter::create(file, passphrase);
    if (!out) return std::unexpected(std::move(out.error()));
    auto good = out->write(gallery::archive_line(header));
    std::size_t done = 0;
    for (const auto& entry : *subjects) {
        const auto samples = store.show(entry.subject.name);
        if (!samples) {
            // Skip a subject that was removed after the list was read.
            const auto found = store.find(entry.subject.name);
            if (found && !found->has_value()) continue;
            return std::unexpected(samples.error());
        }
        for (const auto& sample : *samples) {
            auto photo = store.photo(sample.id);
            if (!photo) return std::unexpected(std::move(photo.error()));
            if (good) {
                good = out->write(gallery::archive_line({.subject = entry.subject.name,
                                                         .ignored = entry.subject.ignored,
                                                         .sample = sample,
                                                         .photo = std::move(*photo).value_or("")}));
            }
            if (!good) return std::unexpected(std::move(good.error()));
            ++done;
            if (step && !step(header.samples, done)) return stopped_error();
        }
    }
    if (good) good = out->commit();
    if (!good) return std::unexpected(std::move(good.error()));
    return gallery::ArchiveHeader{.subjects = header.subjects, .samples = done};
}

Result<Imported> import_gallery(gallery::Store& store, const std::filesystem::path& file,
                                const std::string& passphrase, const GalleryFileStep& step) {
    auto in = crypto::SealedReader::open(file, passphrase);
    if (!in) return std::unexpected(std::move(in.error()));
    auto line = in->line();
    if (!line) return std::unexpected(std::move(line.error()));
    const auto header = gallery::read_archive_header(line->value_or(std::string()));
    if (!header) return std::unexpected(header.error());
    Imported imported{.expected = header->samples};
    // Name of the last subject that was marked as ignored. In an exported file, the samples of a
    // subject are consecutive, so each subject is marked only once.
    std::string ignored;
    while (true) {
        line = in->line();
        if (!line) return std::unexpected(std::move(line.error()));
        if (!*line) return imported;
        auto archived = gallery::read_archive_line(**line);
        if (!archived) return std::unexpected(std::move(archived.error()));
        if (archived->ignored && archived->subject != ignored) {
            if (auto done = ignore(store, archived->subject); !done) {
                return std::unexpected(std::move(done.error()));
            }
            ignored = archived->subject;
        }
        const auto sample =
            store.add(archived->subject, std::move(archived->sample), archived->photo);
        if (!sample && sample.error().kind != ErrorKind::exists) {
            return std::unexpected(sample.error());
        }
        ++(sample ? imported.added : imported.already);
        if (step && !step(header->samples, imported.added + imported.already)) {
            return stopped_error();
        }
    }
}

}  // namespace facebus::gallery_file

// Exports the gallery to an archive file and imports archive files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/store/store.hpp"

namespace facebus::gallery_file {

/// Function that is called after each sample. `all` is the expected number of samples, `done` the
/// number of samples processed so far. If the function returns false, the export or import stops.
using GalleryFileStep = std::function<bool(std::size_t all, std::size_t done)>;

/// Writes all samples of the gallery to the file, with their photos and the names of their
/// subjects. The file does not contain subjects without samples. Encrypts the file if the
/// passphrase is not empty. Returns the number of subjects in the gallery when the export began,
/// and the number of exported samples. If the export fails, creates no file and leaves an existing
/// file unchanged. Fails with `refused` if `step` returned false, and with the errors of
/// gallery::Store and crypto::SealedWriter. For the format see gallery/archive/archive.hpp and
/// crypto/sealed_file.hpp.
Result<gallery::ArchiveHeader> export_gallery(gallery::Store& store,
                                              const std::filesystem::path& file,
                                              const std::string& passphrase,
                                              const GalleryFileStep& step = {});

/// Result of an import.
struct Imported {
    std::size_t added = 0;     ///< number of added samples
    std::size_t already = 0;   ///< number of samples that were already enrolled
    std::size_t expected = 0;  ///< number of samples according to the header of the file
};

/// Enrols all samples in the file, with their photos. Afterwards a subject is ignored if it was
/// ignored before, or if the file marks it as ignored. Imports fewer samples than
/// Imported::expected if the file is truncated, or if samples were removed during its export. If
/// the import fails, the samples before the error stay enrolled. Fails with `refused` if `step`
/// returned false, and with the errors of gallery::Store, crypto::SealedReader,
/// gallery::read_archive_header() and gallery::read_archive_line().
Result<Imported> import_gallery(gallery::Store& store, const std::filesystem::path& file,
                                const std::string& passphrase, const GalleryFileStep& step = {});

}  // namespace facebus::gallery_file

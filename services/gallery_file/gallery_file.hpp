// Exports the whole gallery to a file and imports it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/store/store.hpp"

namespace facebus::gallery_file {

/// Called after each sample with the total number of samples and the number processed. Returns
/// false to stop.
using GalleryFileStep = std::function<bool(std::size_t all, std::size_t done)>;

/// Writes the gallery to the file, encrypted if the passphrase is not empty; see
/// gallery/archive/archive.hpp and crypto/sealed_file.hpp. Returns the numbers of subjects and
/// samples. An error leaves no file. Error `refused`: stopped by `step`. Other errors are those of
/// gallery::Store and crypto::SealedWriter.
Result<gallery::ArchiveHeader> export_gallery(gallery::Store& store,
                                              const std::filesystem::path& file,
                                              const std::string& passphrase,
                                              const GalleryFileStep& step = {});

struct Imported {
    std::size_t added = 0;
    std::size_t already = 0;   ///< samples that were already enrolled
    std::size_t expected = 0;  ///< samples that the header states; more than read if truncated
};

/// Enrols all samples in the file, with their photos. A person is ignored afterwards if the file or
/// the gallery marks them as ignored. After an error, the samples before it in the file are
/// enrolled. Error `refused`: stopped by `step`. Other errors are those of gallery::Store and
/// crypto::SealedReader.
Result<Imported> import_gallery(gallery::Store& store, const std::filesystem::path& file,
                                const std::string& passphrase, const GalleryFileStep& step = {});

}  // namespace facebus::gallery_file

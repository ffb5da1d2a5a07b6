// The whole gallery to a file and back.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>

#include "base/error.hpp"
#include "gallery/archive/archive.hpp"
#include "gallery/store/store.hpp"

namespace facebus::gallery_file {

/// Is told how many samples there are to be, and after each how many are done; false: stop.
using GalleryFileStep = std::function<bool(std::size_t all, std::size_t done)>;

/// Writes everybody to the file, encrypted if the passphrase is not empty; see gallery/archive.hpp
/// and gallery/sealed_file.hpp. Gives what is in it. No file is left after an error. Refused:
/// stopped. Other errors as gallery::Store, crypto::SealedWriter.
Result<gallery::ArchiveHeader> export_gallery(gallery::Store& store,
                                              const std::filesystem::path& file,
                                              const std::string& passphrase,
                                              const GalleryFileStep& step = {});

struct Imported {
    std::size_t added = 0;
    std::size_t already = 0;   ///< samples that were enrolled before
    std::size_t expected = 0;  ///< that the file tells of; fewer are there if it was cut off
};

/// Enrols everybody who is in such a file, with pictures; who is ignored in it, or was here, is.
/// After an error what came before it in the file is enrolled. Refused: stopped. Other errors as
/// gallery::Store, crypto::SealedReader.
Result<Imported> import_gallery(gallery::Store& store, const std::filesystem::path& file,
                                const std::string& passphrase, const GalleryFileStep& step = {});

}  // namespace facebus::gallery_file

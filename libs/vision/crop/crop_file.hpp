// Aligned crops in files: PNG pictures that say of themselves what they are.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// A face as align() cut it out, with what assess() said of it.
struct AlignedCrop {
    Image image;  ///< crop_side x crop_side
    Quality quality;
};

/// Writes a PNG with a text chunk, keyword "facebus", that holds the name of the alignment and the
/// quality, so that the file can be renamed and moved. Errors as write_image.
Result<void> write_crop(const std::filesystem::path& file, const AlignedCrop& crop);

/// Reads what write_crop wrote. Nothing if the file is any other picture. Errors: as read_image;
/// malformed (the chunk makes no sense); refused (cut by another alignment than this program's).
Result<std::optional<AlignedCrop>> read_crop(const std::filesystem::path& file);

}  // namespace facebus::vision

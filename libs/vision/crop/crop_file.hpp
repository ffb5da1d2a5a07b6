// Aligned crops in PNG files that carry their alignment and quality with them.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Crop cut by align(), with its quality from assess().
struct AlignedCrop {
    Image image;  ///< crop_side x crop_side
    Quality quality;
};

/// Writes a PNG file. A text chunk with the keyword "facebus" holds the name of the alignment and
/// the quality, so the file can be renamed and moved. Errors: as write_image().
Result<void> write_crop(const std::filesystem::path& file, const AlignedCrop& crop);

/// Reads a file written by write_crop(). Returns nothing if the file is any other image. Errors: as
/// read_image(); malformed (invalid text chunk); refused (cut with another alignment).
Result<std::optional<AlignedCrop>> read_crop(const std::filesystem::path& file);

}  // namespace facebus::vision

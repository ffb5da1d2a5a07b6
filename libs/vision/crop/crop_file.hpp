// PNG files that contain an aligned crop with its quality.
#pragma once

#include <filesystem>
#include <optional>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Crop cut by align(), with its quality from assess().
struct AlignedCrop {
    Image image;  ///< crop_side x crop_side pixels
    Quality quality;
};

/// Writes a PNG file. Stores the identifier of the crop function (crop_id) and the quality in a
/// text chunk with the keyword "facebus", so that they are kept if the file is renamed or moved.
/// Errors: those of write_image().
Result<void> write_crop(const std::filesystem::path& file, const AlignedCrop& crop);

/// Reads a file written by write_crop(). Returns nothing if the file cannot be read, or if its
/// first 4,096 bytes do not contain the text chunk of write_crop(). Errors of files with this
/// chunk: malformed (the quality is invalid, or the image does not have the size of a crop),
/// refused (the crop was cut by a different version of the crop function), and those of
/// read_image().
Result<std::optional<AlignedCrop>> read_crop(const std::filesystem::path& file);

}  // namespace facebus::vision

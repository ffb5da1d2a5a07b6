// Pictures in files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Pictures above this many pixels are refused before they are decoded.
inline constexpr std::int64_t max_image_pixels = 64'000'000;

/// Reads JPEG, PNG, BMP, WebP, TIFF, PPM into 8-bit BGR, upright by its EXIF orientation; grey,
/// CMYK, palette, alpha and 16-bit pictures are converted. Errors: unavailable (no such file),
/// malformed (not a picture, truncated), too_large (more pixels than max_image_pixels).
Result<Image> read_image(const std::filesystem::path& file);

/// The same with the bytes of such a file, called `name` in errors; pictures above `max_pixels` are
/// too large.
Result<Image> decode_image(std::vector<unsigned char> bytes, const std::string& name,
                           std::int64_t max_pixels = max_image_pixels);

/// The bytes of a JPEG (quality 92) or PNG file, by the ending ".jpg" or ".png". Unsupported: an
/// empty picture, another ending.
Result<std::string> encode_image(const Image& image, const std::string& ending);

/// Writes a JPEG or PNG by the file's ending, through a temporary file. Errors: as encode_image;
/// unavailable.
Result<void> write_image(const std::filesystem::path& file, const Image& image);

}  // namespace facebus::vision

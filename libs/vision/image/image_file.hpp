// Reads and writes image files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/image.hpp"

namespace facebus::vision {

/// Images with more pixels are rejected before they are decoded.
inline constexpr std::int64_t max_image_pixels = 64'000'000;
/// JPEG files with more scans are rejected before they are decoded. Decoding visits all pixels for
/// every scan, even if the scan is empty. Encoders write about 10.
inline constexpr std::uint64_t max_scans = 100;

/// Reads a JPEG, PNG, BMP, WebP, TIFF or PNM file as 8-bit BGR, turned upright according to its
/// EXIF orientation. Grey, CMYK, palette, alpha and 16-bit images are converted. Errors:
/// unavailable (the file cannot be read), malformed (a different format, damaged or truncated),
/// too_large (more pixels than max_image_pixels, more scans than max_scans, or too many bytes,
/// strips or tiles), unsupported (a rare TIFF compression).
Result<Image> read_image(const std::filesystem::path& file);

/// Decodes an image file in memory as read_image() does. `name`: name of the image in error
/// messages; `max_pixels`: limit that is used instead of max_image_pixels if it is lower.
Result<Image> decode_image(std::vector<unsigned char> bytes, const std::string& name,
                           std::int64_t max_pixels = max_image_pixels);

/// Returns the bytes of a JPEG (quality 92) or PNG file. `extension`: ".jpg" or ".png". Error:
/// unsupported, if the image is empty or cannot be written in this format.
Result<std::string> encode_image(const Image& image, const std::string& extension);

/// Writes a JPEG or PNG file, depending on the extension of `file`. Replaces an existing file
/// atomically. Errors: those of encode_image(); unavailable (the file cannot be written).
Result<void> write_image(const std::filesystem::path& file, const Image& image);

}  // namespace facebus::vision

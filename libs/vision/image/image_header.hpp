// Private to libs/vision: reads the header of an image file without decoding its pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace facebus::vision {

struct ImageHeader {
    std::uint64_t width = 0;   ///< in pixels; 0 if the file ends before the size
    std::uint64_t height = 0;  ///< in pixels; 0 if the file ends before the size
    /// EXIF orientation, 1 to 8. Always 1 for TIFF, which OpenCV turns upright itself.
    int orientation = 1;
    /// False if the file is known to be truncated.
    bool complete = true;
    std::uint64_t scans = 1;   ///< number of scans; 1 for formats without scans
    std::uint64_t pieces = 1;  ///< number of strips or tiles of a TIFF file, otherwise 1
    /// TIFF compression code; 1 (uncompressed) for other formats.
    std::uint64_t tiff_compression = 1;
};

/// Reads the header of a JPEG, PNG, BMP, WebP, TIFF or PNM file. Returns nothing if the file has
/// a different format or its header is damaged. Never reads outside `bytes`.
std::optional<ImageHeader> read_image_header(std::span<const unsigned char> bytes);

}  // namespace facebus::vision

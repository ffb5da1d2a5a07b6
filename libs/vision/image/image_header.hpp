// Private to libs/vision: what a picture file says about itself before it is decoded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace facebus::vision {

struct ImageHeader {
    std::uint64_t width = 0;  ///< 0: the file ends before it says so
    std::uint64_t height = 0;
    /// EXIF orientation, 1 to 8, where turning the picture is left to the caller.
    int orientation = 1;
    /// False if the file ends before its picture does.
    bool complete = true;
};

/// Reads the header of a JPEG, PNG, BMP, WebP, TIFF or PNM file; nothing if it is none of them or
/// its header is broken. Never reads outside of `bytes`.
std::optional<ImageHeader> read_image_header(std::span<const unsigned char> bytes);

}  // namespace facebus::vision

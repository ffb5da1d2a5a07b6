// Private to libs/vision: finds the segments of a JPEG file.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "vision/image/byte_reader.hpp"

namespace facebus::vision {

/// Marker codes of JPEG.
namespace jpeg {
inline constexpr std::uint32_t end_of_image = 0xD9;
inline constexpr std::uint32_t start_of_scan = 0xDA;
inline constexpr std::uint32_t app0 = 0xE0;
inline constexpr std::uint32_t app1 = 0xE1;
inline constexpr std::uint32_t app14 = 0xEE;
inline constexpr std::uint32_t app15 = 0xEF;
inline constexpr std::uint32_t comment = 0xFE;
}  // namespace jpeg

/// Segment of a JPEG file: the byte 0xFF, a marker code and, unless it is the end of the image, a
/// two-byte length and the data. The length includes its own two bytes.
struct JpegSegment {
    std::uint32_t marker = 0;
    std::size_t at = 0;    ///< position of the byte 0xFF
    std::size_t size = 0;  ///< in bytes, with marker and length; may extend beyond the file
};

/// Returns the first segment that begins at `at` or later, or nothing if there is none. Like
/// libjpeg, skips entropy-coded data, garbage, and markers without a length, except the end of the
/// image.
inline std::optional<JpegSegment> next_jpeg_segment(const ByteReader& in, std::size_t at) {
    while (true) {
        const auto rest = in.from(at, in.size());
        at += static_cast<std::size_t>(std::ranges::find(rest, 0xFF) - rest.begin());
        if (at + 2 > in.size()) return std::nullopt;
        const std::uint32_t marker = in.number(at + 1, 1);
        if (marker == jpeg::end_of_image) return JpegSegment{marker, at, 2};
        // Fill byte. The marker follows.
        if (marker == 0xFF) {
            ++at;
            continue;
        }
        // Escaped data, restart markers, start of image, and reserved markers. If libjpeg finds a
        // reserved marker in the data of a scan, it searches for the next marker without reading a
        // length. Reading a length here could skip segments that libjpeg reads.
        if (marker < 0xC0 || (marker >= 0xD0 && marker <= 0xD8)) {
            at += 2;
            continue;
        }
        return JpegSegment{marker, at, 2 + std::max<std::size_t>(in.number(at + 2, 2), 2)};
    }
}

}  // namespace facebus::vision

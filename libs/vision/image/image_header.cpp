#include "vision/image/image_header.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

#include "vision/image/byte_reader.hpp"
#include "vision/image/jpeg_segment.hpp"
#include "vision/image/tiff_directory.hpp"

namespace facebus::vision {

namespace {

using Span = ByteReader::Span;

int exif_orientation(Span exif) {
    const auto directory = read_tiff_directory(exif);
    return directory ? directory->orientation : 1;
}

/// Reads the segments of a JPEG file up to the end marker.
ImageHeader read_jpeg(const ByteReader& in) {
    ImageHeader header{.complete = false, .scans = 0};
    bool has_exif = false;
    for (auto segment = next_jpeg_segment(in, 2); segment;
         segment = next_jpeg_segment(in, segment->at + segment->size)) {
        const auto [marker, at, size] = *segment;
        if (marker == jpeg::end_of_image) {
            header.complete = true;
            break;
        }
        if (marker == jpeg::start_of_scan) ++header.scans;
        // The segment that starts a frame, in any JPEG encoding, contains the size of the image.
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame && header.width == 0) {
            header.height = in.number(at + 5, 2);
            header.width = in.number(at + 7, 2);
        }
        // Use only the first EXIF block, as common image viewers do.
        if (marker == jpeg::app1 && !has_exif && size > 10 &&
            in.has(at + 4, std::string_view("Exif\0\0", 6))) {
            has_exif = true;
            header.orientation = exif_orientation(in.from(at + 10, size - 10));
        }
    }
    return header;
}

std::optional<ImageHeader> read_png(const ByteReader& in) {
    ImageHeader header;
    header.complete = false;
    header.width = in.number(16, 4);
    header.height = in.number(20, 4);
    if (!in.has(12, "IHDR")) return std::nullopt;
    for (std::size_t at = 8; at + 12 <= in.size();) {
        const std::size_t length = in.number(at, 4);
        if (in.has(at + 4, "eXIf")) header.orientation = exif_orientation(in.from(at + 8, length));
        if (in.has(at + 4, "IEND")) header.complete = true;
        at += 12 + length;
    }
    return header;
}

std::optional<ImageHeader> read_bmp(Span bytes) {
    const ByteReader in(bytes, false);
    ImageHeader header;
    if (in.number(14, 4) == 12) {  // OS/2 header
        header.width = in.number(18, 2);
        header.height = in.number(20, 2);
    } else {
        // The height is signed. It is negative if the rows are stored from top to bottom.
        header.width = in.number(18, 4);
        const std::uint32_t height = in.number(22, 4);
        header.height = (height & 0x80000000U) != 0 ? std::uint64_t{~height} + 1 : height;
        const std::uint64_t depth = in.number(28, 2);
        const bool uncompressed = in.number(30, 4) == 0;
        const std::uint64_t row = (header.width * depth + 31) / 32 * 4;
        if (uncompressed) {
            header.complete = in.number(10, 4) + row * header.height <= in.size();
        }
    }
    return header;
}

/// Reads the header of a WebP file. Applies libwebp's checks of the header: if a file passed here
/// and libwebp rejected it, OpenCV would try decoders of other formats, and one of them trusts the
/// sizes in the file.
std::optional<ImageHeader> read_webp(Span bytes) {
    const ByteReader in(bytes, false);
    ImageHeader header;
    const std::uint64_t riff = in.number(4, 4);
    const std::uint64_t chunk = in.number(16, 4);
    header.complete = riff + 8 <= in.size();
    if (riff < 12 || chunk > riff - 12) return std::nullopt;
    if (in.has(12, "VP8 ")) {
        // The frame must be a visible key frame with a known profile, and its first partition must
        // lie inside the chunk.
        const std::uint32_t frame = in.number(20, 3);
        const bool known = (frame & 1U) == 0 && (frame >> 1U & 7U) <= 3 &&
                           (frame >> 4U & 1U) == 1 && (frame >> 5U) < chunk &&
                           in.has(23, "\x9D\x01\x2A");
        if (!known) return std::nullopt;
        header.width = in.number(26, 2) & 0x3FFFU;
        header.height = in.number(28, 2) & 0x3FFFU;
    } else if (in.has(12, "VP8L")) {
        const std::uint32_t packed = in.number(21, 4);
        if (in.number(20, 1) != 0x2F || packed >> 29U != 0) return std::nullopt;
        header.width = (packed & 0x3FFFU) + 1;
        header.height = (packed >> 14U & 0x3FFFU) + 1;
    } else if (in.has(12, "VP8X") && chunk == 10) {
        header.width = std::uint64_t{in.number(24, 3)} + 1;
        header.height = std::uint64_t{in.number(27, 3)} + 1;
        for (std::size_t at = 12; at + 8 <= in.size();) {
            const std::size_t length = in.number(at + 4, 4);
            if (in.has(at, "EXIF")) {
                // Some programs write the prefix "Exif\0\0" of JPEG files first.
                const std::size_t skip = in.has(at + 8, "Exif") ? 6 : 0;
                header.orientation = exif_orientation(in.from(at + 8 + skip, length));
            }
            at += 8 + length + length % 2;
        }
    } else {
        return std::nullopt;
    }
    return header;
}

std::optional<ImageHeader> read_pnm(Span bytes) {
    std::size_t at = 2;
    const auto next_number = [&]() -> std::uint64_t {
        while (at < bytes.size() && std::isdigit(bytes[at]) == 0) {
            if (bytes[at] == '#')
                while (at < bytes.size() && bytes[at] != '\n' && bytes[at] != '\r') ++at;
            else if (std::isspace(bytes[at]) == 0)
                return 0;
            else
                ++at;
        }
        std::uint64_t value = 0;
        for (; at < bytes.size() && std::isdigit(bytes[at]) != 0; ++at)
            value = std::min<std::uint64_t>(value * 10 + (bytes[at] - '0'), 1U << 31U);
        // OpenCV skips one byte after a number, whatever it is, so `9#9` would be two numbers there
        // and one number with a comment here.
        return at < bytes.size() && std::isspace(bytes[at]) != 0 ? value : 0;
    };
    ImageHeader header;
    header.width = next_number();
    header.height = next_number();
    return header;
}

std::optional<ImageHeader> read_any(Span bytes) {
    const ByteReader in(bytes);
    if (in.has(0, "\xFF\xD8\xFF")) return read_jpeg(in);
    if (in.has(0, "\x89PNG\r\n\x1A\n")) return read_png(in);
    if (in.has(0, "BM")) return read_bmp(bytes);
    if (in.has(0, "RIFF") && in.has(8, "WEBP")) return read_webp(bytes);
    if (const auto tiff = read_tiff_directory(bytes)) {
        // libtiff copies the data of each entry. If entries refer to the same bytes, the copies
        // could be a thousand times as large as the file. In valid files, entries share hardly any
        // bytes.
        if (tiff->referenced_bytes > 2 * bytes.size() || tiff->pieces == 0) return std::nullopt;
        // OpenCV rotates TIFF images upright itself, so do not return their orientation.
        return ImageHeader{.width = tiff->width,
                           .height = tiff->height,
                           .pieces = tiff->pieces,
                           .tiff_compression = tiff->compression};
    }
    if (bytes.size() > 2 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '6' &&
        std::isspace(bytes[2]) != 0)
        return read_pnm(bytes);
    return std::nullopt;
}

}  // namespace

std::optional<ImageHeader> read_image_header(Span bytes) {
    auto header = read_any(bytes);
    if (!header || !header->complete) return header;
    if (header->width == 0 || header->height == 0) return std::nullopt;
    return header;
}

}  // namespace facebus::vision

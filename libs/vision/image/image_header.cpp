#include "vision/image/image_header.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string_view>

namespace facebus::vision {

namespace {

using Span = std::span<const unsigned char>;

/// Reads numbers from a file in memory. A number beyond the end of the file is read as 0.
class Reader {
  public:
    explicit Reader(Span bytes, bool big_endian = true) : bytes_(bytes), big_(big_endian) {}

    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return 0;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i)
            value = value << 8U | bytes_[at + (big_ ? i : size - 1 - i)];
        return value;
    }
    [[nodiscard]] bool has(std::size_t at, std::string_view text) const {
        return at <= bytes_.size() && bytes_.size() - at >= text.size() &&
               std::equal(
                   text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char c, unsigned char b) { return static_cast<unsigned char>(c) == b; });
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    [[nodiscard]] Span from(std::size_t at, std::size_t size) const {
        at = std::min(at, bytes_.size());
        return bytes_.subspan(at, std::min(size, bytes_.size() - at));
    }

  private:
    Span bytes_;
    bool big_;
};

struct TiffTags {
    std::uint64_t width = 0;   ///< 0 if it is missing or its entry is invalid
    std::uint64_t height = 0;  ///< 0 if it is missing or its entry is invalid
    int orientation = 1;
};

/// Reads the first directory of a TIFF file or of EXIF data, which has the same format.
std::optional<TiffTags> read_tiff(Span bytes) {
    const bool big = Reader(bytes).has(0, "MM");
    const Reader in(bytes, big);
    if (!(big || in.has(0, "II")) || in.number(2, 2) != 42) return std::nullopt;
    const std::size_t directory = in.number(4, 4);
    const std::size_t entries = in.number(directory, 2);
    constexpr std::uint32_t width_tag = 256;
    constexpr std::uint32_t height_tag = 257;
    constexpr std::uint32_t orientation_tag = 274;
    constexpr std::uint32_t type_short = 3;
    constexpr std::uint32_t type_long = 4;
    TiffTags tags;
    std::optional<std::uint64_t> width;
    std::optional<std::uint64_t> height;
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t at = directory + 2 + i * 12;
        if (at + 12 > in.size()) break;
        const std::uint32_t tag = in.number(at, 2);
        const std::uint32_t type = in.number(at + 2, 2);
        const std::uint32_t value = in.number(at + 8, type == type_short ? 2 : 4);
        // An entry of another type, or with more than one value, may contain the file offset of the
        // width or height instead of the number itself.
        const bool is_size = (type == type_short || type == type_long) && in.number(at + 4, 4) == 1;
        // If there are several entries for the width or the height, libtiff reads the first one.
        if (tag == width_tag && !width) width = is_size ? value : 0U;
        if (tag == height_tag && !height) height = is_size ? value : 0U;
        if (tag == orientation_tag && value >= 1 && value <= 8)
            tags.orientation = static_cast<int>(value);
    }
    tags.width = width.value_or(0);
    tags.height = height.value_or(0);
    return tags;
}

int exif_orientation(Span exif) {
    const auto tags = read_tiff(exif);
    return tags ? tags->orientation : 1;
}

/// Reads the segments of a JPEG file up to the end marker. Each segment starts with 0xFF and a
/// marker; most also have a length.
std::optional<ImageHeader> read_jpeg(const Reader& in) {
    ImageHeader header;
    header.complete = false;
    bool has_exif = false;
    std::size_t at = 2;
    while (at + 2 <= in.size()) {
        if (in.number(at, 1) != 0xFF) {
            ++at;  // entropy-coded data, or garbage, which decoders skip, too
            continue;
        }
        const std::uint32_t marker = in.number(at + 1, 1);
        if (marker == 0xD9) {  // end of image
            header.complete = true;
            break;
        }
        // These have no length: escaped data (0), fill bytes (0xFF), TEM (1), restart markers (0xD0
        // to 0xD7) and the start of the image (0xD8).
        const bool no_length =
            marker == 0 || marker == 0xFF || marker == 1 || (marker >= 0xD0 && marker <= 0xD8);
        if (no_length) {
            at += marker == 0xFF ? 1 : 2;
            continue;
        }
        const std::size_t length = in.number(at + 2, 2);
        // The segment that starts a frame, in any JPEG encoding, contains the size of the image.
        const bool frame =
            marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
        if (frame && header.width == 0) {
            header.height = in.number(at + 5, 2);
            header.width = in.number(at + 7, 2);
        }
        // Use only the first EXIF block, as common image viewers do.
        if (marker == 0xE1 && !has_exif && length > 8 &&
            in.has(at + 4, std::string_view("Exif\0\0", 6))) {
            has_exif = true;
            header.orientation = exif_orientation(in.from(at + 10, length - 8));
        }
        at += 2 + std::max<std::size_t>(length, 2);
    }
    return header;
}

std::optional<ImageHeader> read_png(const Reader& in) {
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
    const Reader in(bytes, false);
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
    const Reader in(bytes, false);
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
                while (at < bytes.size() && bytes[at] != '\n') ++at;
            else if (std::isspace(bytes[at]) == 0)
                return 0;
            else
                ++at;
        }
        std::uint64_t value = 0;
        for (; at < bytes.size() && std::isdigit(bytes[at]) != 0; ++at)
            value = std::min<std::uint64_t>(value * 10 + (bytes[at] - '0'), 1U << 31U);
        return value;
    };
    ImageHeader header;
    header.width = next_number();
    header.height = next_number();
    return header;
}

std::optional<ImageHeader> read_any(Span bytes) {
    const Reader in(bytes);
    if (in.has(0, "\xFF\xD8\xFF")) return read_jpeg(in);
    if (in.has(0, "\x89PNG\r\n\x1A\n")) return read_png(in);
    if (in.has(0, "BM")) return read_bmp(bytes);
    if (in.has(0, "RIFF") && in.has(8, "WEBP")) return read_webp(bytes);
    if (const auto tiff = read_tiff(bytes)) {
        // OpenCV rotates TIFF images upright itself, so do not return their orientation.
        return ImageHeader{.width = tiff->width, .height = tiff->height};
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

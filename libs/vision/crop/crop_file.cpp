#include "vision/crop/crop_file.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <zlib.h>

#include "base/file.hpp"
#include "vision/crop/align.hpp"
#include "vision/image/image_file.hpp"

namespace facebus::vision {

namespace {

constexpr std::string_view signature("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view keyword("facebus\0", 8);
// Length of the signature and the chunk IHDR.
constexpr std::size_t header_end = 8 + 25;
// Bytes of a chunk besides its data: length, type and checksum.
constexpr std::size_t overhead = 12;

/// Returns the value as four bytes, highest byte first.
std::string to_bytes(std::size_t value) {
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8)
        bytes += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xFFU);
    return bytes;
}

/// Returns the value of the four bytes at `position`, highest byte first.
std::size_t number_at(std::string_view bytes, std::size_t position) {
    std::size_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8U | static_cast<unsigned char>(bytes[position + i]);
    return value;
}

/// Returns a complete PNG chunk of type tEXt that contains `text`.
std::string text_chunk(const std::string& text) {
    const std::string body = "tEXt" + text;
    const void* raw = body.data();
    const auto sum = crc32(0, static_cast<const Bytef*>(raw), static_cast<uInt>(body.size()));
    return to_bytes(text.size()) + body + to_bytes(sum);
}

/// Returns crop_id and the quality as text; see parse_quality().
std::string describe(const Quality& quality) {
    return fmt::format("{} eye_distance {} sharpness {} yaw {} detector {} overall {}", crop_id,
                       quality.eye_distance, quality.sharpness, quality.yaw, quality.detector,
                       quality.overall);
}

/// Finds the tEXt chunk with the keyword `facebus` before the pixels (chunk IDAT) and returns the
/// text after the keyword. Returns nothing if there is no such chunk.
std::optional<std::string> find_text(std::string_view png) {
    if (!png.starts_with(signature)) return std::nullopt;
    std::size_t position = signature.size();
    while (png.size() - position >= overhead) {
        const auto length = number_at(png, position);
        const auto type = png.substr(position + 4, 4);
        if (type == "IDAT" || length > png.size() - position - overhead) return std::nullopt;
        const auto text = png.substr(position + 8, length);
        if (type == "tEXt" && text.starts_with(keyword))
            return std::string(text.substr(keyword.size()));
        position += overhead + length;
    }
    return std::nullopt;
}

/// Reads the values that describe() writes after crop_id. Returns nothing if they are invalid.
std::optional<Quality> parse_quality(std::istringstream& in) {
    Quality quality;
    for (const auto& [name, value] :
         {std::pair<std::string_view, float*>{"eye_distance", &quality.eye_distance},
          {"sharpness", &quality.sharpness},
          {"yaw", &quality.yaw},
          {"detector", &quality.detector},
          {"overall", &quality.overall}}) {
        std::string key;
        if (!(in >> key >> *value) || key != name || !std::isfinite(*value)) return std::nullopt;
    }
    if (quality.overall < 0 || quality.overall > 1) return std::nullopt;
    return quality;
}

}  // namespace

Result<void> write_crop(const std::filesystem::path& file, const AlignedCrop& crop) {
    auto png = encode_image(crop.image, ".png");
    if (!png) return std::unexpected(std::move(png.error()));
    png->insert(header_end, text_chunk(std::string(keyword) + describe(crop.quality)));
    return write_file(file, *png);
}

Result<std::optional<AlignedCrop>> read_crop(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    // write_crop() puts the chunk directly after the header, so it is in the first bytes of a file.
    std::array<char, 4096> head{};
    in.read(head.data(), head.size());
    const auto text = find_text({head.data(), static_cast<std::size_t>(in.gcount())});
    if (!text) return std::nullopt;
    std::istringstream words(*text);
    std::string alignment;
    words >> alignment;
    const auto quality = parse_quality(words);
    if (!quality)
        return fail(ErrorKind::malformed,
                    fmt::format("{} is marked as an aligned crop, but its quality is invalid; "
                                "create it again with `facebus collect`",
                                file.string()));
    if (alignment != crop_id)
        return fail(ErrorKind::refused,
                    fmt::format("{} was aligned by a different version of facebus; create it again "
                                "with `facebus collect`",
                                file.string()));
    auto image = read_image(file);
    if (!image) return std::unexpected(std::move(image.error()));
    if (image->width != crop_side || image->height != crop_side)
        return fail(ErrorKind::malformed,
                    fmt::format("{} is marked as an aligned crop, but has {} x {} pixels instead "
                                "of {} x {}; create it again with `facebus collect`",
                                file.string(), image->width, image->height, crop_side, crop_side));
    return AlignedCrop{std::move(*image), *quality};
}

}  // namespace facebus::vision

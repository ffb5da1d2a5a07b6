#include "vision/image/tiff_directory.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace facebus::vision {
namespace {

constexpr std::uint32_t orientation_tag = 274;
constexpr std::uint32_t type_short = 3;
constexpr std::uint32_t type_long = 4;

/// Entry that must contain exactly one number.
struct Number {
    std::uint32_t tag;
    std::optional<std::uint64_t> value{};  ///< 0 if the entry is invalid; empty if it is missing
};

/// Returns the size in bytes of a value of this type.
std::uint64_t size_of(std::uint32_t type) {
    constexpr std::array<std::uint8_t, 19> sizes{0, 1, 1, 2, 4, 8, 1, 1, 2, 4,
                                                 8, 4, 8, 4, 0, 0, 8, 8, 8};
    return type < sizes.size() ? sizes[type] : 0;
}

std::uint64_t divide_up(std::uint64_t size, std::uint64_t part) {
    return part == 0 ? 0 : (size + part - 1) / part;
}

}  // namespace

std::optional<TiffDirectory> read_tiff_directory(ByteReader::Span bytes) {
    const bool big = ByteReader(bytes).has(0, "MM");
    const ByteReader in(bytes, big);
    if (!(big || in.has(0, "II")) || in.number(2, 2) != 42) return std::nullopt;
    const std::size_t start = in.number(4, 4);
    const std::size_t entries = in.number(start, 2);
    std::array numbers{Number{256}, Number{257}, Number{259},
                       Number{278}, Number{322}, Number{323}};
    const auto& [width, height, compression, rows, tile_width, tile_height] = numbers;
    TiffDirectory directory;
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t at = start + 2 + i * 12;
        if (at + 12 > in.size()) break;
        const std::uint32_t tag = in.number(at, 2);
        const std::uint32_t type = in.number(at + 2, 2);
        const std::uint64_t count = in.number(at + 4, 4);
        const std::uint32_t value = in.number(at + 8, type == type_short ? 2 : 4);
        // An entry of another type, or with more than one value, may contain the file offset of the
        // number instead of the number itself.
        const bool is_number = (type == type_short || type == type_long) && count == 1;
        const auto number = std::ranges::find(numbers, tag, &Number::tag);
        // If there are several entries with the same tag, libtiff reads the first one.
        if (number != numbers.end() && !number->value) number->value = is_number ? value : 0U;
        if (tag == orientation_tag && value >= 1 && value <= 8)
            directory.orientation = static_cast<int>(value);
        const std::uint64_t size = count * size_of(type);
        // Up to four bytes are in the entry itself.
        if (size > 4 && value < in.size())
            directory.referenced_bytes += std::min<std::uint64_t>(size, in.size() - value);
    }
    directory.width = width.value.value_or(0);
    directory.height = height.value.value_or(0);
    directory.compression = compression.value.value_or(1);
    if (tile_width.value || tile_height.value) {
        directory.pieces = divide_up(directory.width, tile_width.value.value_or(0)) *
                           divide_up(directory.height, tile_height.value.value_or(0));
    } else if (rows.value) {
        directory.pieces = divide_up(directory.height, *rows.value);
    }
    return directory;
}

}  // namespace facebus::vision

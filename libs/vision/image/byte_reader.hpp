// Private to libs/vision: reads numbers from a file in memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace facebus::vision {

/// Reads numbers from a file in memory. A number beyond the end of the file is read as 0.
class ByteReader {
  public:
    using Span = std::span<const unsigned char>;

    explicit ByteReader(Span bytes, bool big_endian = true) : bytes_(bytes), big_(big_endian) {}

    /// Returns the number that the `size` bytes at position `at` encode. Requires: `size` is at
    /// most 4.
    [[nodiscard]] std::uint32_t number(std::size_t at, std::size_t size) const {
        if (at > bytes_.size() || bytes_.size() - at < size) return 0;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; ++i)
            value = value << 8U | bytes_[at + (big_ ? i : size - 1 - i)];
        return value;
    }
    /// Returns whether the bytes at position `at` are equal to `text`.
    [[nodiscard]] bool has(std::size_t at, std::string_view text) const {
        return at <= bytes_.size() && bytes_.size() - at >= text.size() &&
               std::equal(
                   text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char c, unsigned char b) { return static_cast<unsigned char>(c) == b; });
    }
    [[nodiscard]] std::size_t size() const { return bytes_.size(); }
    /// Returns the `size` bytes at position `at`, or fewer if the file ends earlier.
    [[nodiscard]] Span from(std::size_t at, std::size_t size) const {
        at = std::min(at, bytes_.size());
        return bytes_.subspan(at, std::min(size, bytes_.size() - at));
    }

  private:
    Span bytes_;
    bool big_;
};

}  // namespace facebus::vision

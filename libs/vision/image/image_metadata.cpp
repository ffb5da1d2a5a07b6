#include "vision/image/image_metadata.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "vision/image/byte_reader.hpp"
#include "vision/image/jpeg_segment.hpp"

namespace facebus::vision {
namespace {

/// Removes parts of a file by moving each kept part directly after the previous one. Erasing the
/// parts one by one would move all later bytes each time.
class Compactor {
  public:
    explicit Compactor(std::vector<unsigned char>& bytes) : bytes_(bytes) {}

    /// Keeps the bytes up to `end`, except those that were dropped.
    void keep_to(std::size_t end) {
        const auto at = [&](std::size_t i) {
            return bytes_.begin() + static_cast<std::ptrdiff_t>(i);
        };
        if (kept_ != position_) std::copy(at(position_), at(end), at(kept_));
        kept_ += end - position_;
        position_ = end;
    }
    /// Drops the bytes from `begin` to `end`, and keeps those before.
    void drop(std::size_t begin, std::size_t end) {
        keep_to(begin);
        position_ = end;
    }
    void finish() {
        keep_to(bytes_.size());
        bytes_.resize(kept_);
    }

  private:
    std::vector<unsigned char>& bytes_;
    std::size_t position_ = 0;  ///< end of the bytes that were kept or dropped
    std::size_t kept_ = 0;      ///< number of bytes kept so far
};

/// Drops all ancillary chunks except tRNS. Decoders need this one, because it defines the
/// transparency of the image.
void drop_png_metadata(std::vector<unsigned char>& bytes) {
    constexpr std::size_t signature = 8;
    constexpr std::size_t overhead = 12;  // length, type and checksum of a chunk
    const ByteReader in(bytes);
    Compactor compactor(bytes);
    std::size_t at = signature;
    while (at + overhead <= bytes.size()) {
        const std::size_t length = in.number(at, 4);
        if (length > bytes.size() - at - overhead) break;
        const std::size_t end = at + overhead + length;
        const bool ancillary = (bytes[at + 4] & 0x20U) != 0;
        if (ancillary && !in.has(at + 4, "tRNS")) compactor.drop(at, end);
        at = end;
    }
    compactor.finish();
}

/// Drops comments, and all application segments except the two that determine the colour space.
void drop_jpeg_metadata(std::vector<unsigned char>& bytes) {
    const ByteReader in(bytes);
    Compactor compactor(bytes);
    for (auto segment = next_jpeg_segment(in, 2);
         segment && segment->marker != jpeg::end_of_image &&
         segment->at + segment->size <= bytes.size();
         segment = next_jpeg_segment(in, segment->at + segment->size)) {
        const bool application = segment->marker >= jpeg::app1 && segment->marker <= jpeg::app15 &&
                                 segment->marker != jpeg::app14;
        if (application || segment->marker == jpeg::comment)
            compactor.drop(segment->at, segment->at + segment->size);
    }
    compactor.finish();
}

}  // namespace

void drop_metadata(std::vector<unsigned char>& bytes) {
    const ByteReader in(bytes);
    if (in.has(0, "\x89PNG\r\n\x1a\n")) drop_png_metadata(bytes);
    if (in.has(0, "\xFF\xD8\xFF")) drop_jpeg_metadata(bytes);
}

}  // namespace facebus::vision

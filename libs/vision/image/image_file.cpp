#include "vision/image/image_file.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "base/file.hpp"
#include "vision/image/image_header.hpp"
#include "vision/image/image_metadata.hpp"
#include "vision/image/mat.hpp"
#include "vision/video/silence.hpp"

namespace facebus::vision {

namespace {

// Maximum size of an image file: that of an uncompressed image of max_image_pixels with 16 bits per
// channel and alpha, plus 64 KiB for its header.
constexpr std::uintmax_t max_file_bytes = 8 * std::uintmax_t{max_image_pixels} + 65'536;

// Maximum number of strips and tiles of a TIFF file. Decoding each takes about 30 microseconds,
// even if it contains only one pixel.
constexpr std::uint64_t max_tiff_pieces = 65'536;
// Codes of the supported TIFF compressions: none, CCITT (three codes), LZW, JPEG, Deflate (two
// codes) and PackBits. Others are rare, and one of them (JBIG) takes a minute to decode a file of
// 200 bytes.
constexpr std::array<std::uint64_t, 9> tiff_compressions{1, 2, 3, 4, 5, 7, 8, 32'773, 32'946};

/// Rotates and mirrors an image so that it is upright. `orientation`: EXIF orientation, 1 to 8.
cv::Mat upright(cv::Mat mat, int orientation) {
    constexpr int both = -1;
    constexpr int left_right = 1;
    constexpr int up_down = 0;
    if (orientation >= 5) cv::transpose(mat, mat);
    std::optional<int> axis;
    if (orientation == 2 || orientation == 6) axis = left_right;
    if (orientation == 3 || orientation == 7) axis = both;
    if (orientation == 4 || orientation == 8) axis = up_down;
    if (axis) cv::flip(mat, mat, *axis);
    return mat;
}

Result<std::vector<unsigned char>> read_file(const std::filesystem::path& file) {
    std::error_code failed;
    const auto size = std::filesystem::file_size(file, failed);
    if (failed)
        return fail(ErrorKind::unavailable,
                    fmt::format("cannot read {}: {}", file.string(), failed.message()));
    if (size > max_file_bytes)
        return fail(ErrorKind::too_large,
                    fmt::format("{} has {} bytes; the limit for an image is {}", file.string(),
                                size, max_file_bytes));
    std::vector<unsigned char> bytes(size);
    std::ifstream in(file, std::ios::binary);
    void* raw = bytes.data();
    in.read(static_cast<char*>(raw), static_cast<std::streamsize>(size));
    if (!in) return fail(ErrorKind::unavailable, fmt::format("cannot read {}", file.string()));
    return bytes;
}

/// Returns an error if decoding the file could take much longer than its size suggests.
std::optional<Error> complexity_error(const ImageHeader& header, const std::string& name) {
    if (header.scans > max_scans) {
        return Error{ErrorKind::too_large,
                     fmt::format("{} has {} scans; the limit is {}; save it as a JPEG that is not "
                                 "progressive",
                                 name, header.scans, max_scans)};
    }
    if (header.pieces > max_tiff_pieces) {
        return Error{ErrorKind::too_large,
                     fmt::format("{} has {} strips or tiles; the limit is {}; save it as a PNG",
                                 name, header.pieces, max_tiff_pieces)};
    }
    if (std::ranges::find(tiff_compressions, header.tiff_compression) == tiff_compressions.end()) {
        return Error{ErrorKind::unsupported,
                     fmt::format("{} uses the TIFF compression {}, which is not supported; save it "
                                 "with the compression LZW, or as a PNG",
                                 name, header.tiff_compression)};
    }
    return std::nullopt;
}

}  // namespace

Result<Image> read_image(const std::filesystem::path& file) {
    auto bytes = read_file(file);
    if (!bytes) return std::unexpected(std::move(bytes.error()));
    return decode_image(std::move(*bytes), file.string());
}

Result<Image> decode_image(std::vector<unsigned char> bytes, const std::string& name,
                           std::int64_t max_pixels) {
    silence_opencv();
    const auto header = read_image_header(bytes);
    if (!header)
        return fail(ErrorKind::malformed,
                    fmt::format("{} is not a valid JPEG, PNG, BMP, WebP, TIFF or PNM image", name));
    const auto limit = static_cast<std::uint64_t>(std::min(max_pixels, max_image_pixels));
    if (header->width > limit || (header->width > 0 && header->height > limit / header->width))
        return fail(ErrorKind::too_large,
                    fmt::format("{} has {} x {} pixels; the limit is {} pixels", name,
                                header->width, header->height, limit));
    if (auto error = complexity_error(*header, name)) return std::unexpected(std::move(*error));
    if (!header->complete) return fail(ErrorKind::malformed, fmt::format("{} is truncated", name));
    drop_metadata(bytes);
    try {
        cv::Mat mat = cv::imdecode(bytes, cv::IMREAD_COLOR | cv::IMREAD_IGNORE_ORIENTATION);
        if (mat.empty())
            return fail(ErrorKind::malformed, fmt::format("{} cannot be decoded", name));
        return to_image(upright(std::move(mat), header->orientation));
    } catch (const cv::Exception& exception) {
        return fail(ErrorKind::malformed,
                    fmt::format("{} cannot be decoded: {}", name, reason(exception)));
    }
}

Result<std::string> encode_image(const Image& image, const std::string& extension) {
    silence_opencv();
    std::vector<unsigned char> bytes;
    try {
        constexpr int jpeg_quality = 92;
        if (image.empty()) return fail(ErrorKind::unsupported, "the image is empty");
        if (!cv::imencode(extension, as_mat(image), bytes,
                          {cv::IMWRITE_JPEG_QUALITY, jpeg_quality}))
            return fail(ErrorKind::unsupported,
                        fmt::format("an image of {} x {} pixels cannot be written as \"{}\"",
                                    image.width, image.height, extension));
    } catch (const cv::Exception&) {
        return fail(ErrorKind::unsupported,
                    fmt::format("images can be written as .jpg or .png, not as \"{}\"", extension));
    }
    return std::string(bytes.begin(), bytes.end());
}

Result<void> write_image(const std::filesystem::path& file, const Image& image) {
    const auto bytes = encode_image(image, file.extension().string());
    if (!bytes)
        return fail(bytes.error().kind,
                    fmt::format("cannot write {}: {}", file.string(), bytes.error().message));
    return write_file(file, *bytes);
}

}  // namespace facebus::vision

// Tests that small files whose decoding would take very long or need much memory are rejected or
// stripped.
#include <array>
#include <chrono>
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/clock.hpp"
#include "support/images.hpp"
#include "vision/image/image_file.hpp"
#include "vision/image/image_header.hpp"
#include "vision/image/image_metadata.hpp"
#include "vision/image/jpeg_segment.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

using Bytes8 = std::vector<unsigned char>;

/// Time in which a file of this test is rejected or decoded, even on a slow machine. Without the
/// limits, each of these files takes much longer.
constexpr std::chrono::seconds soon(3);

Bytes8 encoded(const std::string& extension, const cv::Mat& mat,
               const std::vector<int>& parameters = {}) {
    Bytes8 bytes;
    BOOST_REQUIRE(cv::imencode(extension, mat, bytes, parameters));
    return bytes;
}

void append(Bytes8& to, const Bytes8& bytes) {
    to.insert(to.end(), bytes.begin(), bytes.end());
}

Bytes8 big_endian(std::size_t value) {
    Bytes8 bytes;
    for (const unsigned shift : {24U, 16U, 8U, 0U})
        bytes.push_back(static_cast<unsigned char>(value >> shift));
    return bytes;
}

/// Returns the checksum (CRC-32) of a PNG chunk.
std::uint32_t checksum(const Bytes8& bytes) {
    std::uint32_t sum = 0xFFFFFFFFU;
    for (const auto byte : bytes) {
        sum ^= byte;
        for (int i = 0; i < 8; ++i) sum = sum >> 1U ^ ((sum & 1U) != 0 ? 0xEDB88320U : 0U);
    }
    return ~sum;
}

/// Returns the position of the first segment with this marker.
std::size_t position_of(const Bytes8& bytes, std::uint32_t marker) {
    const ByteReader in(bytes);
    auto segment = next_jpeg_segment(in, 2);
    while (segment && segment->marker != marker)
        segment = next_jpeg_segment(in, segment->at + segment->size);
    BOOST_REQUIRE(segment);
    return segment->at;
}

/// Returns a progressive JPEG file with `more` further scans. `between`: bytes before these scans.
Bytes8 with_scans(int side, std::size_t more, const Bytes8& between = {}) {
    auto jpeg = encoded(".jpg", cv::Mat(side, side, CV_8UC3, cv::Scalar::all(128)),
                        {cv::IMWRITE_JPEG_PROGRESSIVE, 1});
    jpeg.resize(jpeg.size() - 2);  // remove the marker EOI (end of image)
    append(jpeg, between);
    // Scan that refines the last bit of the luminance. Its data, a zero byte, change nothing.
    const Bytes8 scan{0xFF, 0xDA, 0, 8, 1, 1, 0, 1, 63, 0x10, 0x00};
    for (std::size_t i = 0; i < more; ++i) append(jpeg, scan);
    append(jpeg, {0xFF, 0xD9});
    return jpeg;
}

std::size_t scans_of(const Bytes8& bytes) {
    return read_image_header(bytes).value().scans;
}

/// Returns a TIFF file with these entries, each as tag, type, count and value, and then `rest`.
Bytes8 tiff(const std::vector<std::array<unsigned, 4>>& entries, const Bytes8& rest) {
    Bytes8 bytes{'I', 'I', 42, 0, 8, 0, 0, 0};
    const auto add = [&](unsigned value, int size) {
        for (int i = 0; i < size; ++i) bytes.push_back(static_cast<unsigned char>(value >> 8 * i));
    };
    add(static_cast<unsigned>(entries.size()), 2);
    for (const auto& [tag, type, count, value] : entries) {
        add(tag, 2);
        add(type, 2);
        add(count, 4);
        add(value, 4);
    }
    add(0, 4);
    append(bytes, rest);
    return bytes;
}

constexpr unsigned type_byte = 7;
constexpr unsigned type_short = 3;
constexpr unsigned type_long = 4;

/// Returns the entries of a grey image with this size and compression. Each strip has `rows` rows.
/// `strips`: position in the file of the offsets of the strips, and also of their sizes.
std::vector<std::array<unsigned, 4>> grey_tiff(unsigned width, unsigned height,
                                               unsigned compression, unsigned rows,
                                               unsigned strips) {
    const auto count = (height + rows - 1) / rows;
    return {{256, type_long, 1, width},     {257, type_long, 1, height},
            {258, type_short, 1, 8},        {259, type_short, 1, compression},
            {262, type_short, 1, 1},        {273, type_long, count, strips},
            {277, type_short, 1, 1},        {278, type_long, 1, rows},
            {279, type_long, count, strips}};
}

/// Decodes the bytes and returns the error. Checks that this takes no longer than `soon`.
Error error_of(Bytes8 bytes) {
    const auto start = Monotonic::now();
    const auto image = decode_image(std::move(bytes), "upload");
    BOOST_TEST((Monotonic::now() - start < soon));
    BOOST_REQUIRE(!image);
    return image.error();
}

bool mentions(const Error& error, const std::string& words) {
    return error.message.find(words) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(rejects_a_jpeg_with_thousands_of_scans_immediately) {
    const auto bomb = with_scans(2000, 10'000);
    BOOST_TEST(bomb.size() < 200'000U);
    const auto error = error_of(bomb);
    BOOST_TEST((error.kind == ErrorKind::too_large));
    BOOST_TEST(mentions(error, "10010 scans; the limit is 100"), error.message);
}

BOOST_AUTO_TEST_CASE(decodes_a_jpeg_with_up_to_100_scans) {
    BOOST_TEST(scans_of(encoded(".jpg", test::texture(64, 4))) == 1U);
    BOOST_TEST(scans_of(with_scans(64, 0)) == 10U);
    BOOST_TEST(decode_image(with_scans(64, 90), "upload").has_value());
    BOOST_TEST((error_of(with_scans(64, 91)).kind == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(counts_scans_that_follow_bytes_which_libjpeg_skips) {
    // Each of these makes libjpeg search for the next marker, without skipping the length that
    // seems to follow.
    for (const Bytes8& before : {Bytes8{0xFF, 0x05, 0xFF, 0xFF}, Bytes8{0xFF, 0xBF, 0x7F, 0xFF},
                                 Bytes8{0xFF, 0xFF, 0xFF}, Bytes8{1, 2, 0xFF, 0, 3},
                                 Bytes8{0xFF, 0xD0, 0xFF, 0xFF}, Bytes8{0xFF, 0xD8, 0xFF, 0xFF}}) {
        BOOST_TEST(scans_of(with_scans(64, 500, before)) == 510U);
    }
}

BOOST_AUTO_TEST_CASE(decodes_a_jpeg_with_a_hundred_thousand_metadata_segments) {
    auto jpeg = encoded(".jpg", test::texture(64, 4));
    const auto expected = decode_image(jpeg, "upload");
    Bytes8 segments;
    for (int i = 0; i < 100'000; ++i) append(segments, {0xFF, 0xE1, 0, 2});
    jpeg.insert(jpeg.begin() + static_cast<std::ptrdiff_t>(position_of(jpeg, 0xC0)),
                segments.begin(), segments.end());
    const auto start = Monotonic::now();
    const auto image = decode_image(jpeg, "upload");
    BOOST_TEST((Monotonic::now() - start < soon));
    BOOST_REQUIRE((image && expected));
    BOOST_TEST((cv::norm(test::mat_of(*image), test::mat_of(*expected), cv::NORM_INF) == 0));
}

BOOST_AUTO_TEST_CASE(decodes_a_png_with_many_compressed_texts) {
    const cv::Mat texture = test::texture(64, 4);
    auto png = encoded(".png", texture);
    // A text of 8 MB that is compressed to 8 kB. It is taken from the pixels of a grey PNG, which
    // are compressed in the same way.
    const auto grey = encoded(".png", cv::Mat(2000, 3999, CV_8UC1, cv::Scalar(0)),
                              {cv::IMWRITE_PNG_COMPRESSION, 9, cv::IMWRITE_PNG_STRATEGY, 0});
    Bytes8 text{'z', 'T', 'X', 't', 'k', 0, 0};
    const ByteReader in(grey);
    for (std::size_t at = 33; at + 12 <= grey.size(); at += 12 + in.number(at, 4)) {
        if (!in.has(at + 4, "IDAT")) continue;
        const auto data = in.from(at + 8, in.number(at, 4));
        text.insert(text.end(), data.begin(), data.end());
    }
    Bytes8 chunk = big_endian(text.size() - 4);
    append(chunk, text);
    append(chunk, big_endian(checksum(text)));
    Bytes8 chunks;
    for (int i = 0; i < 500; ++i) append(chunks, chunk);
    // Insert the texts both after and before the pixels.
    png.insert(png.end() - 12, chunks.begin(), chunks.end());
    png.insert(png.begin() + 33, chunks.begin(), chunks.end());
    const auto start = Monotonic::now();
    const auto image = decode_image(png, "upload");
    BOOST_TEST((Monotonic::now() - start < soon));
    BOOST_REQUIRE(image);
    BOOST_TEST((cv::norm(test::mat_of(*image), texture, cv::NORM_INF) == 0));
    drop_metadata(png);
    BOOST_TEST(png.size() <= encoded(".png", texture).size());
}

BOOST_AUTO_TEST_CASE(rejects_a_pnm_whose_size_the_decoder_reads_differently) {
    // The decoder skips the byte after a number and the rest of a comment up to \r, too.
    for (const std::string text :
         {"P4\n999#99999S\n999\n", "P4\n9 9#\n", "P4\n#\r99999 9\n9 9\n"}) {
        const auto error = error_of(Bytes8(text.begin(), text.end()));
        BOOST_TEST((error.kind == ErrorKind::malformed), text);
    }
}

BOOST_AUTO_TEST_CASE(rejects_a_tiff_with_a_million_strips) {
    Bytes8 strips;
    constexpr unsigned count = 1'000'000;
    for (unsigned i = 0; i < count; ++i) append(strips, {0x40, 0x42, 0x0F, 0});
    const auto error = error_of(tiff(grey_tiff(1, count, 1, 1, 8 + 2 + 9 * 12 + 4), strips));
    BOOST_TEST((error.kind == ErrorKind::too_large));
    BOOST_TEST(mentions(error, "1000000 strips or tiles; the limit is 65536"), error.message);
    auto tiles = grey_tiff(2000, 2000, 1, 2000, 0);
    tiles.push_back({322, type_long, 1, 1});
    tiles.push_back({323, type_long, 1, 1});
    BOOST_TEST((error_of(tiff(tiles, {})).kind == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(rejects_a_tiff_whose_strips_or_tiles_have_an_invalid_size) {
    for (const auto& [tag, type] :
         {std::pair{278U, type_long}, std::pair{322U, type_long}, std::pair{323U, type_byte}}) {
        auto entries = grey_tiff(8, 8, 1, 8, 0);
        std::erase_if(entries, [&, wanted = tag](const auto& entry) { return entry[0] == wanted; });
        entries.push_back({tag, type, 1, 0});
        BOOST_TEST((error_of(tiff(entries, Bytes8(64))).kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(rejects_rare_compressions_of_tiff) {
    // With JBIG (34661), for example, a strip of 200 bytes can contain 2,000 x 2,000 pixels, which
    // take seconds to decode, although the image has only 8 x 8 pixels.
    for (const unsigned compression : {6U, 34'661U, 34'925U, 50'000U, 50'001U}) {
        const auto error =
            error_of(tiff(grey_tiff(8, 8, compression, 8, 8 + 2 + 9 * 12 + 4), Bytes8(64)));
        BOOST_TEST((error.kind == ErrorKind::unsupported));
        BOOST_TEST(mentions(error, "LZW"), error.message);
    }
    for (const int compression : {1, 5, 8, 32'773, 32'946}) {
        const auto file =
            encoded(".tiff", test::texture(64, 4), {cv::IMWRITE_TIFF_COMPRESSION, compression});
        BOOST_TEST(decode_image(file, "upload").has_value(), compression);
    }
}

BOOST_AUTO_TEST_CASE(rejects_a_tiff_with_many_entries_that_refer_to_the_same_bytes) {
    constexpr unsigned size = 5'000'000;
    auto entries = grey_tiff(8, 8, 1, 8, 1000);
    for (unsigned i = 0; i < 50; ++i) entries.push_back({60'000 + i, type_byte, size, 2000});
    BOOST_TEST((error_of(tiff(entries, Bytes8(size))).kind == ErrorKind::malformed));
}

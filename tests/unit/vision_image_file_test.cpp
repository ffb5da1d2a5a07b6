// Tests of reading and writing image files.
#include <array>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "support/images.hpp"
#include "vision/image/image_file.hpp"
#include "vision/image/image_header.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

using Bytes8 = std::vector<unsigned char>;

Bytes8 encoded(const std::string& extension, const cv::Mat& mat) {
    Bytes8 bytes;
    cv::imencode(extension, mat, bytes);
    return bytes;
}

void write(const std::filesystem::path& file, const Bytes8& bytes) {
    std::ofstream out(file, std::ios::binary);
    std::copy(bytes.begin(), bytes.end(), std::ostreambuf_iterator<char>(out));
}

/// Draws a flag of 30 x 20 pixels: the upper half red on the left and blue on the right, the lower
/// half green.
cv::Mat flag() {
    cv::Mat mat(20, 30, CV_8UC3, cv::Scalar(0, 200, 0));
    mat(cv::Rect(0, 0, 15, 10)) = cv::Scalar(0, 0, 200);
    mat(cv::Rect(15, 0, 15, 10)) = cv::Scalar(200, 0, 0);
    return mat;
}

/// Adds an EXIF block with the given orientation to a JPEG file.
Bytes8 with_orientation(Bytes8 jpeg, unsigned char orientation) {
    const Bytes8 exif{0xFF, 0xE1, 0, 34, 'E', 'x',         'i', 'f', 0,    0,    'M', 'M',
                      0,    42,   0, 0,  0,   8,           0,   1,   0x01, 0x12, 0,   3,
                      0,    0,    0, 1,  0,   orientation, 0,   0,   0,    0,    0,   0};
    jpeg.insert(jpeg.begin() + 2, exif.begin(), exif.end());
    return jpeg;
}

/// Returns a TIFF file that consists of a directory with these entries: tag, type, count and value.
Bytes8 tiff(const std::vector<std::array<unsigned, 4>>& entries) {
    Bytes8 bytes{'I', 'I', 42, 0, 8, 0, 0, 0};
    const auto add = [&](unsigned value, int size) {
        for (int i = 0; i < size; ++i) {
            bytes.push_back(static_cast<unsigned char>(value & 0xFFU));
            value >>= 8U;
        }
    };
    add(static_cast<unsigned>(entries.size()), 2);
    for (const auto& entry : entries) {
        add(entry[0], 2);
        add(entry[1], 2);
        add(entry[2], 4);
        add(entry[3], 4);
    }
    return bytes;
}

ErrorKind kind_of(const Result<Image>& result) {
    BOOST_REQUIRE(!result);
    BOOST_TEST(!result.error().message.empty());
    return result.error().kind;
}

/// Returns whether the pixel has about this colour. JPEG changes colours slightly.
bool has_colour(const Image& image, int x, int y, const cv::Vec3b& colour) {
    return cv::norm(test::mat_of(image).at<cv::Vec3b>(y, x), colour, cv::NORM_INF) < 60;
}

const cv::Vec3b red(0, 0, 200);
const cv::Vec3b blue(200, 0, 0);
const cv::Vec3b green(0, 200, 0);

}  // namespace

BOOST_AUTO_TEST_CASE(decodes_every_format_to_about_the_same_colours) {
    const TemporaryFolder folder;
    for (const std::string extension : {".jpg", ".png", ".bmp", ".webp", ".tiff", ".ppm"}) {
        BOOST_TEST_CONTEXT(extension) {
            write(folder / ("a" + extension), encoded(extension, flag()));
            const auto image = read_image(folder / ("a" + extension));
            BOOST_REQUIRE(image);
            BOOST_TEST(image->width == 30);
            BOOST_TEST(image->height == 20);
            BOOST_TEST(image->pixels.size() == 30U * 20U * 3U);
            BOOST_TEST(has_colour(*image, 4, 4, red));
            BOOST_TEST(has_colour(*image, 26, 4, blue));
            BOOST_TEST(has_colour(*image, 15, 16, green));
        }
    }
}

BOOST_AUTO_TEST_CASE(converts_grey_alpha_and_16_bit_images_to_8_bit_bgr) {
    const TemporaryFolder folder;
    cv::Mat grey(8, 9, CV_8UC1, cv::Scalar(100));
    cv::Mat alpha(8, 9, CV_8UC4, cv::Scalar(100, 100, 100, 9));
    cv::Mat deep(8, 9, CV_16UC3, cv::Scalar::all(100 * 257));
    for (const cv::Mat& mat : {grey, alpha, deep}) {
        write(folder / "a.png", encoded(".png", mat));
        const auto image = read_image(folder / "a.png");
        BOOST_REQUIRE(image);
        BOOST_TEST(image->pixels.size() == 8U * 9U * 3U);
        BOOST_TEST((test::mat_of(*image).at<cv::Vec3b>(4, 4) == cv::Vec3b(100, 100, 100)));
    }
}

BOOST_AUTO_TEST_CASE(rotates_images_upright_according_to_exif) {
    const TemporaryFolder folder;
    // For each orientation, the positions of the red and the blue corner of the flag in the upright
    // image, and whether width and height of the flag are exchanged.
    struct Case {
        unsigned char orientation;
        bool red_right, red_bottom, blue_right, blue_bottom, exchanged;
    };
    constexpr std::array<Case, 8> cases{{{1, false, false, true, false, false},
                                         {2, true, false, false, false, false},
                                         {3, true, true, false, true, false},
                                         {4, false, true, true, true, false},
                                         {5, false, false, false, true, true},
                                         {6, true, false, true, true, true},
                                         {7, true, true, true, false, true},
                                         {8, false, true, false, false, true}}};
    for (const Case& c : cases) {
        BOOST_TEST_CONTEXT("orientation " << int{c.orientation}) {
            write(folder / "a.jpg", with_orientation(encoded(".jpg", flag()), c.orientation));
            const auto image = read_image(folder / "a.jpg");
            BOOST_REQUIRE(image);
            BOOST_TEST(image->width == (c.exchanged ? 20 : 30));
            const auto x = [&](bool right) { return right ? image->width - 4 : 3; };
            const auto y = [&](bool bottom) { return bottom ? image->height - 4 : 3; };
            BOOST_TEST(has_colour(*image, x(c.red_right), y(c.red_bottom), red));
            BOOST_TEST(has_colour(*image, x(c.blue_right), y(c.blue_bottom), blue));
        }
    }
}

BOOST_AUTO_TEST_CASE(reports_missing_files_and_folders_as_unavailable) {
    const TemporaryFolder folder;
    BOOST_TEST((kind_of(read_image(folder / "none.jpg")) == ErrorKind::unavailable));
    BOOST_TEST((kind_of(read_image(folder.path())) == ErrorKind::unavailable));
}

BOOST_AUTO_TEST_CASE(reports_the_name_of_a_file_that_is_not_an_image) {
    const TemporaryFolder folder;
    for (const std::string text : {"", "x", "hello, world", "P6", "P6 0 0 255\n", "BM",
                                   "RIFF    WEBP", "GIF89a\1\1\1\1", "\xFF\xD8\xFF", "II*", "MM"}) {
        write(folder / "odd.jpg", Bytes8(text.begin(), text.end()));
        const auto image = read_image(folder / "odd.jpg");
        BOOST_TEST((kind_of(image) == ErrorKind::malformed));
        BOOST_TEST(image.error().message.find("odd.jpg") != std::string::npos);
    }
}

BOOST_AUTO_TEST_CASE(reports_truncated_images_as_malformed) {
    const TemporaryFolder folder;
    const cv::Mat texture = test::texture(64, 4);
    for (const std::string extension : {".jpg", ".png", ".webp", ".bmp"}) {
        const Bytes8 whole = encoded(extension, texture);
        for (const double part : {0.1, 0.5, 0.95}) {
            BOOST_TEST_CONTEXT(extension << " " << part) {
                const auto size =
                    static_cast<std::ptrdiff_t>(static_cast<double>(whole.size()) * part);
                write(folder / "a", Bytes8(whole.begin(), whole.begin() + size));
                BOOST_TEST((kind_of(read_image(folder / "a")) == ErrorKind::malformed));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(rejects_webp_files_that_libwebp_would_reject) {
    const TemporaryFolder folder;
    Bytes8 lossy;
    BOOST_REQUIRE(
        cv::imencode(".webp", test::texture(64, 4), lossy, {cv::IMWRITE_WEBP_QUALITY, 80}));
    const Bytes8 lossless = encoded(".webp", test::texture(64, 4));
    // Damage the size of the chunk, the first byte of the frame, and the start code (lossy) or the
    // version (lossless).
    for (const auto& [good, positions] :
         {std::pair{lossy, std::vector<std::size_t>{19, 20, 24}},
          std::pair{lossless, std::vector<std::size_t>{19, 20, 24}}}) {
        write(folder / "a.webp", good);
        BOOST_REQUIRE(read_image(folder / "a.webp"));
        for (const auto position : positions) {
            auto bad = good;
            bad[position] ^= 0xFFU;
            write(folder / "a.webp", bad);
            const auto image = read_image(folder / "a.webp");
            BOOST_TEST((kind_of(image) == ErrorKind::malformed));
            BOOST_TEST(image.error().message.find("is not a valid JPEG") != std::string::npos,
                       image.error().message << " at " << position);
        }
    }
}

BOOST_AUTO_TEST_CASE(rejects_images_with_too_many_pixels_before_decoding_them) {
    const TemporaryFolder folder;
    Bytes8 png = encoded(".png", flag());
    // The header declares 65,536 x 65,536 pixels, which would be 12 GiB when decoded.
    for (const std::size_t at : {16U, 20U}) {
        png[at] = 0;
        png[at + 1] = 1;
        png[at + 2] = 0;
        png[at + 3] = 0;
    }
    write(folder / "bomb.png", png);
    BOOST_TEST((kind_of(read_image(folder / "bomb.png")) == ErrorKind::too_large));
    const std::string pnm = "P6\n# a remark\n4000000000 4000000000\n255\n";
    write(folder / "bomb.ppm", Bytes8(pnm.begin(), pnm.end()));
    BOOST_TEST((kind_of(read_image(folder / "bomb.ppm")) == ErrorKind::too_large));
}

BOOST_AUTO_TEST_CASE(a_tiff_file_cannot_hide_its_real_size) {
    constexpr unsigned width = 256;
    constexpr unsigned height = 257;
    constexpr unsigned type_long = 4;
    constexpr unsigned type_long8 = 16;
    // If there are two entries for the width, libtiff uses the first one.
    const Bytes8 twice = tiff({{width, type_long, 1, 100'000},
                               {width, type_long, 1, 10},
                               {height, type_long, 1, 100'000}});
    BOOST_TEST((kind_of(decode_image(twice, "twice.tiff")) == ErrorKind::too_large));
    // An entry of type LONG8 contains the offset of the width, not the width itself.
    const Bytes8 offset = tiff({{width, type_long8, 1, 10}, {height, type_long, 1, 10}});
    BOOST_TEST(!read_image_header(offset).has_value());
}

BOOST_AUTO_TEST_CASE(decodes_a_png_file_with_many_colour_profiles) {
    Bytes8 png = encoded(".png", flag());
    // The profiles are empty, and their checksums are wrong.
    const Bytes8 profile{0, 0, 0, 0, 'i', 'C', 'C', 'P', 0, 0, 0, 0};
    Bytes8 profiles;
    for (int i = 0; i < 100'000; ++i)
        profiles.insert(profiles.end(), profile.begin(), profile.end());
    constexpr std::ptrdiff_t header_end = 33;  // length of the signature and the chunk IHDR
    png.insert(png.begin() + header_end, profiles.begin(), profiles.end());
    const auto image = decode_image(std::move(png), "profiles.png");
    BOOST_REQUIRE(image);
    BOOST_TEST(has_colour(*image, 4, 4, red));
    BOOST_TEST(has_colour(*image, 15, 16, green));
}

BOOST_AUTO_TEST_CASE(survives_damaged_headers_and_returns_only_valid_orientations) {
    cv::RNG random(11);
    for (const std::string extension : {".jpg", ".png", ".bmp", ".webp", ".tiff", ".ppm"}) {
        const Bytes8 whole = with_orientation(encoded(extension, flag()), 6);
        for (int i = 0; i < 500; ++i) {
            Bytes8 damaged = i % 2 == 0 ? whole : encoded(extension, flag());
            for (int k = 0; k < 4; ++k)
                damaged[static_cast<std::size_t>(random.uniform(2, 60))] =
                    static_cast<unsigned char>(random.uniform(0, 256));
            damaged.resize(
                static_cast<std::size_t>(random.uniform(1, static_cast<int>(damaged.size()))));
            damaged.shrink_to_fit();
            const auto header = read_image_header(damaged);
            if (header) BOOST_TEST((header->orientation >= 1 && header->orientation <= 8));
        }
    }
}

BOOST_AUTO_TEST_CASE(reads_images_written_by_write_image) {
    const TemporaryFolder folder;
    for (const std::string name : {"a.png", "a.jpg"}) {
        BOOST_TEST(write_image(folder / name, test::image_of(flag())).has_value());
        const auto image = read_image(folder / name);
        BOOST_REQUIRE(image);
        BOOST_TEST(has_colour(*image, 4, 4, red));
    }
    // No temporary files remain.
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 2);
}

BOOST_AUTO_TEST_CASE(reports_why_writing_failed) {
    const TemporaryFolder folder;
    const Image image = test::image_of(flag());
    const auto missing_folder = write_image(folder / "none" / "a.png", image);
    BOOST_REQUIRE(!missing_folder);
    BOOST_TEST((missing_folder.error().kind == ErrorKind::unavailable));
    const auto unsupported = write_image(folder / "a.xyz", image);
    BOOST_REQUIRE(!unsupported);
    BOOST_TEST((unsupported.error().kind == ErrorKind::unsupported));
    BOOST_TEST(!write_image(folder / "a.png", Image{}).has_value());
    BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

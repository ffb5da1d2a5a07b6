// Tests of PNG files that contain an aligned crop.
#include <fstream>
#include <iterator>
#include <string>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/crop/crop_file.hpp"
#include "vision/image/image_file.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

AlignedCrop textured_crop() {
    return {test::image_of(test::texture(crop_side, 7)),
            {.eye_distance = 41.5F,
             .sharpness = 63.25F,
             .yaw = -0.125F,
             .detector = 0.998F,
             .overall = 0.8125F}};
}

std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
}

/// Replaces `from` in the file with `to`. Requires: both have the same length.
void alter(const std::filesystem::path& file, const std::string& from, const std::string& to) {
    auto bytes = bytes_of(file);
    const auto position = bytes.find(from);
    BOOST_REQUIRE(position != std::string::npos && from.size() == to.size());
    write(file, bytes.replace(position, from.size(), to));
}

struct Fixture {
    Fixture() { BOOST_REQUIRE(write_crop(file, textured_crop())); }
    TemporaryFolder folder;
    std::filesystem::path file = folder / "crop.png";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(vision_crop_file, Fixture)

BOOST_AUTO_TEST_CASE(reads_a_written_crop_even_after_renaming) {
    std::filesystem::rename(file, folder / "another name.png");
    const auto read = read_crop(folder / "another name.png");
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(read->has_value());
    const auto& [image, quality] = **read;
    BOOST_TEST(cv::norm(test::mat_of(image), test::mat_of(textured_crop().image), cv::NORM_INF) ==
               0);
    BOOST_TEST(quality.eye_distance == 41.5F);
    BOOST_TEST(quality.sharpness == 63.25F);
    BOOST_TEST(quality.yaw == -0.125F);
    BOOST_TEST(quality.detector == 0.998F);
    BOOST_TEST(quality.overall == 0.8125F);
}

BOOST_AUTO_TEST_CASE(a_crop_can_be_read_as_an_ordinary_image) {
    const auto image = read_image(file);
    BOOST_REQUIRE(image);
    BOOST_TEST(image->width == crop_side);
}

BOOST_AUTO_TEST_CASE(writing_a_crop_leaves_no_temporary_files) {
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(ordinary_images_and_other_files_are_not_crops) {
    BOOST_REQUIRE(write_image(folder / "plain.png", textured_crop().image));
    BOOST_REQUIRE(write_image(folder / "plain.jpg", textured_crop().image));
    write(folder / "text.png", "not an image");
    for (const char* name : {"plain.png", "plain.jpg", "text.png", "missing.png"}) {
        const auto read = read_crop(folder / name);
        BOOST_REQUIRE(read);
        BOOST_TEST(!read->has_value());
    }
}

BOOST_AUTO_TEST_CASE(rejects_a_crop_made_by_a_different_crop_function) {
    alter(file, "box44up3", "box45up3");
    const auto read = read_crop(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::refused));
}

BOOST_AUTO_TEST_CASE(rejects_an_invalid_quality) {
    alter(file, "overall 0.8125", "overall 8.8125");
    const auto read = read_crop(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::malformed));
}

BOOST_AUTO_TEST_CASE(never_returns_a_crop_from_a_truncated_file) {
    const auto whole = bytes_of(file);
    for (std::size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 997) {
        write(folder / "cut.png", whole.substr(0, size));
        const auto read = read_crop(folder / "cut.png");
        BOOST_TEST((!read || !read->has_value()), "cut to " << size);
    }
}

BOOST_AUTO_TEST_SUITE_END()

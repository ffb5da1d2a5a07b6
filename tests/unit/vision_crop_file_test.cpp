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

AlignedCrop textured() {
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

/// The file with `from` in its text replaced by as many other characters.
void alter(const std::filesystem::path& file, const std::string& from, const std::string& to) {
    auto bytes = bytes_of(file);
    const auto place = bytes.find(from);
    BOOST_REQUIRE(place != std::string::npos && from.size() == to.size());
    write(file, bytes.replace(place, from.size(), to));
}

struct Fixture {
    Fixture() { BOOST_REQUIRE(write_crop(file, textured())); }
    TemporaryFolder folder;
    std::filesystem::path file = folder / "crop.png";
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(vision_crop_file, Fixture)

BOOST_AUTO_TEST_CASE(a_crop_is_read_as_it_was_written_under_any_name) {
    std::filesystem::rename(file, folder / "another name.png");
    const auto read = read_crop(folder / "another name.png");
    BOOST_REQUIRE(read);
    BOOST_REQUIRE(read->has_value());
    const auto& [image, quality] = **read;
    BOOST_TEST(cv::norm(test::mat_of(image), test::mat_of(textured().image), cv::NORM_INF) == 0);
    BOOST_TEST(quality.eye_distance == 41.5F);
    BOOST_TEST(quality.sharpness == 63.25F);
    BOOST_TEST(quality.yaw == -0.125F);
    BOOST_TEST(quality.detector == 0.998F);
    BOOST_TEST(quality.overall == 0.8125F);
}

BOOST_AUTO_TEST_CASE(it_is_a_picture_for_every_other_program) {
    const auto picture = read_image(file);
    BOOST_REQUIRE(picture);
    BOOST_TEST(picture->width == crop_side);
}

BOOST_AUTO_TEST_CASE(nothing_else_is_left_in_the_folder) {
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
}

BOOST_AUTO_TEST_CASE(other_pictures_and_other_files_are_no_crops) {
    BOOST_REQUIRE(write_image(folder / "plain.png", textured().image));
    BOOST_REQUIRE(write_image(folder / "plain.jpg", textured().image));
    write(folder / "text.png", "no picture");
    for (const char* name : {"plain.png", "plain.jpg", "text.png", "missing.png"}) {
        const auto read = read_crop(folder / name);
        BOOST_REQUIRE(read);
        BOOST_TEST(!read->has_value());
    }
}

BOOST_AUTO_TEST_CASE(a_crop_of_another_alignment_is_refused) {
    alter(file, "box44up3", "box45up3");
    const auto read = read_crop(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::refused));
}

BOOST_AUTO_TEST_CASE(a_quality_that_makes_no_sense_is_an_error) {
    alter(file, "overall 0.8125", "overall 8.8125");
    const auto read = read_crop(file);
    BOOST_REQUIRE(!read);
    BOOST_TEST((read.error().kind == ErrorKind::malformed));
}

BOOST_AUTO_TEST_CASE(a_file_cut_off_anywhere_is_an_error_or_no_crop) {
    const auto whole = bytes_of(file);
    for (std::size_t size = 0; size < whole.size(); size += size < 300 ? 1 : 997) {
        write(folder / "cut.png", whole.substr(0, size));
        const auto read = read_crop(folder / "cut.png");
        BOOST_TEST((!read || !read->has_value()), "cut to " << size);
    }
}

BOOST_AUTO_TEST_SUITE_END()

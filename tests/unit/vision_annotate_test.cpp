// Tests of annotating frames, drawing contact sheets and writing videos.
#include <vector>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/image/annotate.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

double difference(const Image& a, const Image& b) {
    return cv::norm(test::mat_of(a), test::mat_of(b), cv::NORM_INF);
}

}  // namespace

BOOST_AUTO_TEST_CASE(draws_labels_on_a_copy_of_the_frame) {
    const Image frame = test::flat(320, 240, {50, 50, 50});
    const Image before = test::image_of(test::mat_of(frame));
    const std::vector<Label> labels{{{100, 80, 60, 80}, "Ada", Tone::known}};
    const Image drawn = annotate(frame, labels);
    BOOST_TEST(difference(frame, before) == 0);
    BOOST_TEST(difference(frame, drawn) > 0);
    BOOST_TEST(drawn.width == 320);
    BOOST_TEST(drawn.height == 240);
}

BOOST_AUTO_TEST_CASE(draws_each_tone_in_a_different_colour) {
    const Image frame = test::flat(320, 240, {50, 50, 50});
    std::vector<Image> drawn;
    for (const Tone tone : {Tone::known, Tone::unknown, Tone::undecided})
        drawn.push_back(annotate(frame, std::vector<Label>{{{100, 80, 60, 80}, "Ada", tone}}));
    BOOST_TEST(difference(drawn[0], drawn[1]) > 0);
    BOOST_TEST(difference(drawn[1], drawn[2]) > 0);
    BOOST_TEST(difference(drawn[0], drawn[2]) > 0);
}

BOOST_AUTO_TEST_CASE(accepts_labels_outside_the_frame_and_wider_than_the_frame) {
    const Image frame = test::flat(160, 90, {50, 50, 50});
    const std::string long_text(400, 'x');
    const std::vector<Label> labels{{{-500, -500, 60, 80}, long_text, Tone::known},
                                    {{1000, 1000, 60, 80}, "b", Tone::known},
                                    {{-10, -10, 300, 300}, long_text, Tone::unknown},
                                    {{5, 5, 0, 0}, "", Tone::unknown}};
    BOOST_TEST(annotate(frame, labels).width == 160);
}

BOOST_AUTO_TEST_CASE(draws_one_question_mark_per_character_that_the_font_lacks) {
    const Image frame = test::flat(320, 240, {50, 50, 50});
    const auto with = [&](const std::string& text) {
        return annotate(frame, std::vector<Label>{{{100, 80, 60, 80}, text, Tone::known}});
    };
    BOOST_TEST(difference(with("Jos\xC3\xA9"), with("Jos?")) == 0);
    BOOST_TEST(difference(with("\xE6\x9D\x8E"), with("?")) == 0);
}

BOOST_AUTO_TEST_CASE(a_contact_sheet_grows_with_the_number_of_cells) {
    std::vector<SheetCell> cells(3, {test::flat(160, 160, {9, 9, 200}), "one", "two", Tone::known});
    const Image three = contact_sheet("Title", cells);
    cells.resize(30, cells[0]);
    const Image thirty = contact_sheet("Title", cells);
    BOOST_TEST(thirty.height > three.height);
    BOOST_TEST(thirty.width >= three.width);
    BOOST_TEST(contact_sheet("Nobody", {}).width > 0);
}

BOOST_AUTO_TEST_CASE(accepts_empty_tiny_wide_and_tall_images_in_a_contact_sheet) {
    for (const cv::Size size : {cv::Size(400, 20), cv::Size(20, 400), cv::Size(1, 1), cv::Size()}) {
        const Image image =
            size.empty() ? Image{} : test::flat(size.width, size.height, {9, 9, 200});
        const std::vector<SheetCell> cells{{image, "one", "", Tone::unknown}};
        BOOST_TEST(contact_sheet("Title", cells).height > 160);
    }
}

BOOST_AUTO_TEST_CASE(reports_a_video_that_cannot_be_written) {
    const TemporaryFolder folder;
    const auto missing_folder = VideoWriter::create(folder / "none" / "a.mp4", 25, 64, 48);
    BOOST_REQUIRE(!missing_folder);
    BOOST_TEST((missing_folder.error().kind == ErrorKind::unavailable));
    BOOST_TEST(!VideoWriter::create(folder / "a.mp4", 0, 64, 48).has_value());
    BOOST_TEST(!VideoWriter::create(folder / "a.mp4", 25, 0, 48).has_value());
}

// Tests of reading frames from videos, streams and folders of images.
#include <fstream>
#include <string>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/image/annotate.hpp"
#include "vision/image/image_file.hpp"
#include "vision/video/video_source.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

/// Writes a video whose brightness increases with each frame.
void write_video(const std::filesystem::path& file, int frames, double rate, int width = 64,
                 int height = 48) {
    auto writer = VideoWriter::create(file, rate, width, height);
    BOOST_REQUIRE(writer);
    for (int i = 0; i < frames; ++i)
        writer->write(test::flat(width, height, cv::Scalar::all(20 + 8 * i)));
}

const Error& error_of(const Result<VideoSource>& source) {
    BOOST_REQUIRE(!source);
    return source.error();
}

}  // namespace

BOOST_AUTO_TEST_CASE(reads_a_video_frame_by_frame_to_its_end) {
    const TemporaryFolder folder;
    write_video(folder / "a.mp4", 20, 10);
    auto source = VideoSource::open((folder / "a.mp4").string());
    BOOST_REQUIRE(source);
    BOOST_TEST(source->frame_rate() == 10, boost::test_tools::tolerance(0.01));
    BOOST_TEST(source->frame_count() == 20);
    for (int i = 0; i < 20; ++i) {
        const auto frame = source->read();
        BOOST_REQUIRE(frame);
        BOOST_REQUIRE(frame->has_value());
        const VideoFrame& got = **frame;
        BOOST_TEST(got.image.width == 64);
        BOOST_TEST(got.image.height == 48);
        BOOST_TEST(std::abs(test::mat_of(got.image).at<cv::Vec3b>(24, 32)[1] - (20 + 8 * i)) < 7);
        BOOST_TEST(std::abs(got.pts - i * 100'000'000LL) < 2'000'000);
    }
    for (int i = 0; i < 2; ++i) {
        const auto end = source->read();
        BOOST_REQUIRE(end);
        BOOST_TEST(!end->has_value());
    }
}

BOOST_AUTO_TEST_CASE(frames_keep_their_pixels_when_later_frames_are_read) {
    const TemporaryFolder folder;
    write_video(folder / "a.mp4", 5, 25);
    auto source = VideoSource::open((folder / "a.mp4").string());
    BOOST_REQUIRE(source);
    const Image first = (*source->read())->image;
    const cv::Mat before = test::mat_of(first).clone();
    while (source->read()->has_value()) continue;
    BOOST_TEST(cv::norm(before, test::mat_of(first), cv::NORM_INF) == 0);
}

BOOST_AUTO_TEST_CASE(writes_a_readable_video_if_width_and_height_are_odd_numbers) {
    const TemporaryFolder folder;
    write_video(folder / "a.mp4", 3, 25, 65, 49);
    BOOST_TEST(VideoSource::open((folder / "a.mp4").string()).has_value());
}

BOOST_AUTO_TEST_CASE(reports_the_name_of_a_missing_file) {
    const TemporaryFolder folder;
    const auto source = VideoSource::open((folder / "none.mp4").string());
    BOOST_TEST((error_of(source).kind == ErrorKind::unavailable));
    BOOST_TEST(error_of(source).message.find("none.mp4") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_without_video_is_unsupported) {
    const TemporaryFolder folder;
    for (const std::string text : {"", "not a video"}) {
        std::ofstream(folder / "a.mp4") << text;
        const auto source = VideoSource::open((folder / "a.mp4").string());
        BOOST_TEST((error_of(source).kind == ErrorKind::unsupported));
    }
}

BOOST_AUTO_TEST_CASE(a_truncated_video_file_is_unsupported) {
    const TemporaryFolder folder;
    write_video(folder / "a.mp4", 20, 10);
    std::filesystem::resize_file(folder / "a.mp4",
                                 std::filesystem::file_size(folder / "a.mp4") / 2);
    BOOST_TEST(
        (error_of(VideoSource::open((folder / "a.mp4").string())).kind == ErrorKind::unsupported));
}

BOOST_AUTO_TEST_CASE(reads_the_images_of_a_folder_sorted_by_name) {
    const TemporaryFolder folder;
    for (const int i : {2, 0, 1}) {
        const auto name = "p" + std::to_string(i) + (i == 1 ? ".JPG" : ".png");
        BOOST_REQUIRE(write_image(folder / name, test::flat(20 + i, 10, {9, 9, 9})));
    }
    std::ofstream(folder / "notes.txt") << "not an image";
    auto source = VideoSource::open(folder.path().string());
    BOOST_REQUIRE(source);
    BOOST_TEST(source->frame_count() == 3);
    BOOST_TEST(source->frame_rate() == 25);
    for (int i = 0; i < 3; ++i) {
        const auto frame = source->read();
        BOOST_REQUIRE((frame && frame->has_value()));
        BOOST_TEST((*frame)->image.width == 20 + i);
        BOOST_TEST((*frame)->pts == i * 40'000'000);
    }
    BOOST_TEST(!source->read()->has_value());
}

BOOST_AUTO_TEST_CASE(reports_a_damaged_image_in_a_folder_and_continues) {
    const TemporaryFolder folder;
    std::ofstream(folder / "a.png") << "not an image";
    BOOST_REQUIRE(write_image(folder / "b.png", test::flat(20, 10, {9, 9, 9})));
    auto source = VideoSource::open(folder.path().string());
    BOOST_REQUIRE(source);
    const auto bad = source->read();
    BOOST_REQUIRE(!bad);
    BOOST_TEST((bad.error().kind == ErrorKind::malformed));
    BOOST_TEST(bad.error().message.find("a.png") != std::string::npos);
    BOOST_TEST(source->read()->has_value());
}

BOOST_AUTO_TEST_CASE(a_folder_without_images_is_unsupported) {
    const TemporaryFolder folder;
    BOOST_TEST(
        (error_of(VideoSource::open(folder.path().string())).kind == ErrorKind::unsupported));
}

BOOST_AUTO_TEST_CASE(hides_user_name_and_password_of_an_unavailable_stream) {
    const auto source = VideoSource::open("rtsp://admin:s3cret@127.0.0.1:1/door");
    BOOST_TEST((error_of(source).kind == ErrorKind::unavailable));
    BOOST_TEST(error_of(source).message.find("127.0.0.1") != std::string::npos);
    BOOST_TEST(error_of(source).message.find("s3cret") == std::string::npos);
    BOOST_TEST(error_of(source).message.find("admin") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_camera_that_does_not_exist_is_unavailable) {
    BOOST_TEST((error_of(VideoSource::open("/dev/video99")).kind == ErrorKind::unavailable));
}

BOOST_AUTO_TEST_CASE(distinguishes_kinds_of_sources) {
    const TemporaryFolder folder;
    BOOST_TEST((source_kind("/dev/video0") == SourceKind::device));
    BOOST_TEST((source_kind("rtsp://host/a") == SourceKind::stream));
    BOOST_TEST((source_kind("http://host/a.mp4") == SourceKind::stream));
    BOOST_TEST((source_kind(folder.path().string()) == SourceKind::folder));
    BOOST_TEST((source_kind("video.mp4") == SourceKind::file));
}

BOOST_AUTO_TEST_CASE(removes_user_name_and_password_from_urls) {
    BOOST_TEST(without_credentials("rtsp://u:p@host:554/a") == "rtsp://host:554/a");
    BOOST_TEST(without_credentials("rtsp://u:p@ss@host/a?b=c@d") == "rtsp://host/a?b=c@d");
    BOOST_TEST(without_credentials("rtsp://host/a@b") == "rtsp://host/a@b");
    BOOST_TEST(without_credentials("rtsp://u:p@host") == "rtsp://host");
    BOOST_TEST(without_credentials("/home/u@host/a.mp4") == "/home/u@host/a.mp4");
}

#include <algorithm>
#include <filesystem>
#include <functional>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/temporary_folder.hpp"
#include "capture/camera.hpp"

using namespace facebus;
using namespace facebus::capture;
namespace fs = std::filesystem;

namespace {

/// A folder of small pictures, which is the simplest source there is.
struct Pictures {
    explicit Pictures(int count) {
        for (int i = 0; i < count; ++i) {
            cv::imwrite((folder / ("frame" + std::to_string(i) + ".png")).string(),
                        cv::Mat(24, 32, CV_8UC3, cv::Scalar::all(i)));
        }
    }
    TemporaryFolder own;
    fs::path folder = own.path();
};

struct Seen {
    Stop stop;
    std::vector<std::int64_t> pts;
    std::vector<std::string> lost;
    int opened = 0;
    int ends = 0;
    std::size_t stop_after_frames = 1000;
    std::size_t stop_after_lost = 1000;

    Result<void> run(const CameraOptions& settings) {
        Camera camera("door", settings, {.reconnect_first = 0.001, .reconnect_longest = 0.002},
                      stop);
        return camera.run({.frame =
                               [this](wire::Frame& frame, const Bytes&) {
                                   if (frame.stream.end) {
                                       ++ends;
                                   } else {
                                       pts.push_back(frame.stream.pts);
                                   }
                                   return pts.size() < stop_after_frames;
                               },
                           .opened = [this] { ++opened; },
                           .lost =
                               [this](const Error& error, double) {
                                   lost.push_back(error.message);
                                   if (lost.size() >= stop_after_lost) stop.request();
                               }});
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_folder_is_read_to_its_end_which_is_told_once) {
    const Pictures pictures(5);
    Seen seen;
    BOOST_REQUIRE(seen.run({.source = pictures.folder.string()}));
    BOOST_TEST(seen.pts.size() == 5U);
    BOOST_TEST(std::ranges::is_sorted(seen.pts));
    BOOST_TEST(seen.pts.front() == 0);
    BOOST_TEST(seen.ends == 1);
    BOOST_TEST(seen.lost.empty());
}

BOOST_AUTO_TEST_CASE(a_looped_source_goes_on_in_time) {
    const Pictures pictures(3);
    Seen seen;
    seen.stop_after_frames = 8;
    BOOST_REQUIRE(seen.run({.source = pictures.folder.string(), .loop = true}));
    BOOST_TEST(seen.pts.size() == 8U);
    // One frame after the other, from round to round too.
    for (std::size_t i = 1; i < seen.pts.size(); ++i) {
        BOOST_TEST(seen.pts[i] - seen.pts[i - 1] == seen.pts[1] - seen.pts[0]);
    }
    BOOST_TEST(seen.ends == 0);
}

BOOST_AUTO_TEST_CASE(a_frame_rate_leaves_frames_out) {
    const Pictures pictures(25);
    Seen seen;
    BOOST_REQUIRE(seen.run({.source = pictures.folder.string(), .frame_rate = 5}));
    BOOST_TEST(seen.pts.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_not_there_is_an_error_that_names_it) {
    Seen seen;
    const auto ended = seen.run({.source = "/nowhere/clip.mp4"});
    BOOST_REQUIRE(!ended);
    BOOST_TEST(ended.error().message.find("/nowhere/clip.mp4") != std::string::npos);
    BOOST_TEST(seen.ends == 0);
}

BOOST_AUTO_TEST_CASE(a_camera_that_is_away_is_tried_again_until_the_stop) {
    Seen seen;
    seen.stop_after_lost = 3;
    BOOST_REQUIRE(seen.run({.source = "/dev/video-that-is-not-there"}));
    BOOST_TEST(seen.lost.size() == 3U);
    BOOST_TEST(seen.opened == 0);
}

BOOST_AUTO_TEST_CASE(files_are_lossless_and_cameras_live_unless_told_otherwise) {
    const Stop stop;
    const auto live = [&](const std::string& source, Pace pace) {
        return Camera("door", {.source = source, .pace = pace}, {}, stop).live();
    };
    BOOST_TEST(!live("clip.mp4", Pace::automatic));
    BOOST_TEST(live("clip.mp4", Pace::live));
    BOOST_TEST(live("rtsp://host/1", Pace::automatic));
    BOOST_TEST(!live("rtsp://host/1", Pace::lossless));
}

// Tests of Camera: reading, pacing and reconnecting.
#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/temporary_folder.hpp"
#include "capture/camera.hpp"

using namespace facebus;
using namespace facebus::capture;
namespace fs = std::filesystem;

namespace {

/// Temporary folder of small images, the simplest kind of source.
struct Images {
    explicit Images(int count) {
        for (int i = 0; i < count; ++i) {
            cv::imwrite((folder / ("frame" + std::to_string(i) + ".png")).string(),
                        cv::Mat(24, 32, CV_8UC3, cv::Scalar::all(i)));
        }
    }
    TemporaryFolder temporary;
    fs::path folder = temporary.path();
};

/// Runs a camera and records what it reports.
struct Recorder {
    Stop stop;
    std::vector<std::int64_t> pts;
    std::vector<std::string> disconnects;
    std::set<std::string> streams;
    int opened = 0;
    int ends = 0;
    int alive = 0;
    std::size_t stop_after_frames = 1000;
    std::size_t stop_after_disconnects = 1000;

    Result<void> run(const CameraOptions& settings) {
        Camera camera("door", settings, {.reconnect_min = 0.001, .reconnect_max = 0.002}, stop);
        return camera.run({.frame =
                               [this](wire::Frame& frame, const Bytes&) {
                                   streams.insert(frame.stream.id.value());
                                   if (frame.stream.end) {
                                       ++ends;
                                   } else {
                                       pts.push_back(frame.stream.pts);
                                   }
                                   return pts.size() < stop_after_frames;
                               },
                           .opened = [this] { ++opened; },
                           .disconnected =
                               [this](const Error& error, double) {
                                   disconnects.push_back(error.message);
                                   if (disconnects.size() >= stop_after_disconnects) {
                                       stop.request();
                                   }
                               },
                           .alive = [this] { ++alive; }});
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(reads_a_folder_to_its_end_and_reports_the_end_once) {
    const Images images(5);
    Recorder recorder;
    BOOST_REQUIRE(recorder.run({.source = images.folder.string()}));
    BOOST_TEST(recorder.pts.size() == 5U);
    BOOST_TEST(std::ranges::is_sorted(recorder.pts));
    BOOST_TEST(recorder.pts.front() == 0);
    BOOST_TEST(recorder.ends == 1);
    BOOST_TEST(recorder.disconnects.empty());
}

BOOST_AUTO_TEST_CASE(all_messages_of_a_run_and_only_these_have_the_same_stream_id) {
    const Images images(3);
    Recorder recorder;
    BOOST_REQUIRE(recorder.run({.source = images.folder.string()}));
    BOOST_TEST(recorder.streams.size() == 1U);
    BOOST_REQUIRE(recorder.run({.source = images.folder.string()}));
    BOOST_TEST(recorder.streams.size() == 2U);
}

BOOST_AUTO_TEST_CASE(keeps_the_frame_period_when_a_looped_source_restarts) {
    const Images images(3);
    Recorder recorder;
    recorder.stop_after_frames = 8;
    BOOST_REQUIRE(recorder.run({.source = images.folder.string(), .loop = true}));
    BOOST_TEST(recorder.pts.size() == 8U);
    // Frames are equally spaced, even between one repetition and the next.
    for (std::size_t i = 1; i < recorder.pts.size(); ++i) {
        BOOST_TEST(recorder.pts[i] - recorder.pts[i - 1] == recorder.pts[1] - recorder.pts[0]);
    }
    BOOST_TEST(recorder.ends == 0);
}

BOOST_AUTO_TEST_CASE(skips_frames_above_the_maximum_frame_rate) {
    const Images images(25);
    Recorder recorder;
    BOOST_REQUIRE(recorder.run({.source = images.folder.string(), .frame_rate = 5}));
    BOOST_TEST(recorder.pts.size() == 5U);
    BOOST_TEST(recorder.alive == 25);  // the skipped frames show that the camera works, too
}

BOOST_AUTO_TEST_CASE(reports_the_name_of_a_missing_file) {
    Recorder recorder;
    const auto ended = recorder.run({.source = "/nowhere/clip.mp4"});
    BOOST_REQUIRE(!ended);
    BOOST_TEST(ended.error().message.find("/nowhere/clip.mp4") != std::string::npos);
    BOOST_TEST(recorder.ends == 0);
}

BOOST_AUTO_TEST_CASE(retries_an_unavailable_camera_until_stopped) {
    Recorder recorder;
    recorder.stop_after_disconnects = 3;
    BOOST_REQUIRE(recorder.run({.source = "/dev/video-that-is-not-there"}));
    BOOST_TEST(recorder.disconnects.size() == 3U);
    BOOST_TEST(recorder.opened == 0);
    BOOST_TEST(recorder.alive >= 2);  // during the delays between the attempts
}

BOOST_AUTO_TEST_CASE(files_are_lossless_and_cameras_live_unless_configured_otherwise) {
    const Stop stop;
    const auto live = [&](const std::string& source, Pace pace) {
        return Camera("door", {.source = source, .pace = pace}, {}, stop).live();
    };
    BOOST_TEST(!live("clip.mp4", Pace::automatic));
    BOOST_TEST(live("clip.mp4", Pace::live));
    BOOST_TEST(live("rtsp://host/1", Pace::automatic));
    BOOST_TEST(!live("rtsp://host/1", Pace::lossless));
}

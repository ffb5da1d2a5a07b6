// Tests of CameraThread (the frames that it sends to `motion`, its metrics and its errors) and of
// serve(), which runs all cameras.
#include <fstream>

#include <boost/test/unit_test.hpp>
#include <opencv2/imgcodecs.hpp>

#include "capture/camera_thread.hpp"
#include "support/runtime.hpp"
#include "wire/codec.hpp"

using namespace facebus;
using namespace facebus::capture;

namespace {

struct Fixture : test::TestRuntime {
    Fixture() : TestRuntime("capture") {
        common.stages.at("motion").input = endpoint("motion");
        motion.bind(bus::lossless_endpoint(endpoint("motion")), "motion.input");
    }

    /// Reads messages until the end of the stream and returns the number of frames. Returns -1 if a
    /// stop is requested before the end.
    int count_frames() {
        const bus::Poller poller(stop, heartbeat);
        int count = 0;
        while (poller.wait_readable(motion, -1)) {
            const auto received = motion.try_receive();
            if (!received || !*received) continue;
            const auto& raw = (*received)->message;
            const auto frame = wire::decode<wire::Frame>(raw.header, raw.payload.size());
            BOOST_REQUIRE(frame.has_value());
            if (frame->stream.end) return count;
            ++count;
        }
        return -1;
    }

    bus::Socket motion{context, bus::SocketType::pull};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(capture_camera_thread, Fixture)

BOOST_AUTO_TEST_CASE(sends_every_frame_of_a_folder_and_then_the_end_of_the_stream) {
    const auto source = folder / "images";
    std::filesystem::create_directory(source);
    for (int i = 0; i < 3; ++i) {
        cv::imwrite((source / (std::to_string(i) + ".png")).string(),
                    cv::Mat(24, 32, CV_8UC3, cv::Scalar::all(i)));
    }
    CameraThread camera(runtime, "door", {.source = source.string()}, {});
    BOOST_TEST(count_frames() == 3);
    camera.join();
    BOOST_TEST(!camera.failure().has_value());
    BOOST_TEST(exports("facebus_frames_total{camera=\"door\"} 3"));
    BOOST_TEST(exports("facebus_camera_up{camera=\"door\"} 0"));
}

BOOST_AUTO_TEST_CASE(reports_the_name_of_a_file_that_cannot_be_read) {
    const auto source = folder / "broken.mp4";
    std::ofstream(source) << "no video";
    CameraThread camera(runtime, "door", {.source = source.string()}, {});
    camera.join();
    BOOST_REQUIRE(camera.failure().has_value());
    BOOST_TEST(camera.failure()->message.find("broken.mp4") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(stops_retrying_an_unavailable_camera_on_request) {
    CameraThread camera(runtime, "door", {.source = "rtsp://127.0.0.1:1/none"},
                        {.reconnect_min = 0.01});
    stop.request();
    camera.join();
    BOOST_TEST(!camera.failure().has_value());
}

BOOST_AUTO_TEST_CASE(exports_that_a_camera_is_up_while_it_sends_frames) {
    const auto source = folder / "images";
    std::filesystem::create_directory(source);
    cv::imwrite((source / "0.png").string(), cv::Mat(24, 32, CV_8UC3, cv::Scalar::all(0)));
    CameraThread camera(runtime, "door", {.source = source.string(), .loop = true}, {});
    const bus::Poller poller(stop, heartbeat);
    BOOST_REQUIRE(poller.wait_readable(motion, -1));
    BOOST_TEST(exports("facebus_camera_up{camera=\"door\"} 1"));
    stop.request();
    camera.join();
}

BOOST_AUTO_TEST_CASE(is_alive_while_it_skips_frames, *boost::unit_test::timeout(60)) {
    const auto source = folder / "images";
    std::filesystem::create_directory(source);
    cv::imwrite((source / "0.png").string(), cv::Mat(24, 32, CV_8UC3, cv::Scalar::all(0)));
    CameraThread camera(runtime, "door",
                        {.source = source.string(), .frame_rate = 1e-6, .loop = true}, {});
    const bus::Poller poller(stop, heartbeat);
    BOOST_REQUIRE(poller.wait_readable(motion, -1));  // the only frame that is sent
    const auto later = Monotonic::now() + std::chrono::milliseconds(10);
    while (Monotonic::now() - heartbeat.age() < later) stop.wait_ms(1);
    stop.request();
    camera.join();
}

BOOST_AUTO_TEST_CASE(throws_if_the_endpoint_of_motion_is_invalid) {
    common.stages.at("motion").input = "nowhere";
    BOOST_CHECK_THROW(CameraThread(runtime, "door", {.source = "/nowhere/clip.mp4"}, {}),
                      FatalError);
}

BOOST_AUTO_TEST_CASE(serve_throws_the_failure_of_a_camera) {
    const auto source = folder / "broken.mp4";
    std::ofstream(source) << "no video";
    BOOST_CHECK_THROW(serve(runtime, {{"door", {.source = source.string()}}}, {}), FatalError);
}

BOOST_AUTO_TEST_SUITE_END()

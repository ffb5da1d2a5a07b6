// Tests of CameraBoard: the state of each camera, and the status of the broker.
#include <chrono>

#include <boost/test/unit_test.hpp>

#include "gateway/live/camera_board.hpp"

using namespace facebus;
using namespace facebus::gateway;
using std::chrono::seconds;

namespace {

const Monotonic::time_point start;
constexpr std::int64_t second = 1'000'000'000;

/// Returns a report of the camera `door`, whose latest frame was captured `last_frame_ago` seconds
/// before the report.
wire::Camera report(std::int64_t last_frame_ago) {
    return {.head = {.src = "door", .ts = 100 * second},
            .live = true,
            .frames = 50,
            .rate = 25,
            .last_frame = (100 - last_frame_ago) * second};
}

/// Returns the state of the only camera, `after` seconds after `start`.
std::string state(const CameraBoard& board, int after) {
    const auto all = board.cameras(start + seconds(after));
    BOOST_REQUIRE(all.size() == 1U);
    return to_string(all[0].state);
}

}  // namespace

BOOST_AUTO_TEST_CASE(camera_is_live_until_10_s_after_its_last_message_and_then_offline) {
    CameraBoard board;
    board.update(report(0), start);
    BOOST_TEST(state(board, 10) == "live");
    BOOST_TEST(state(board, 11) == "offline");
    board.update(report(0), start + seconds(11));
    BOOST_TEST(state(board, 12) == "live");
}

BOOST_AUTO_TEST_CASE(state_becomes_no_frames_if_the_last_frame_is_over_5_s_older_than_the_report) {
    CameraBoard board;
    board.update(report(5), start);
    BOOST_TEST(state(board, 1) == "live");
    board.update(report(6), start);
    BOOST_TEST(state(board, 1) == "no_frames");
}

BOOST_AUTO_TEST_CASE(camera_whose_stream_has_ended_does_not_go_offline) {
    CameraBoard board;
    auto last = report(6);
    last.ended = true;
    board.update(last, start);
    BOOST_TEST(state(board, 1000) == "ended");
}

BOOST_AUTO_TEST_CASE(lists_cameras_that_sent_results_but_no_report) {
    CameraBoard board;
    board.update(wire::Identity{.head = {.src = "door"}}, start);
    board.update(wire::Identity{.head = {.src = "door"}}, start - seconds(100));
    const auto all = board.cameras(start + seconds(2));
    BOOST_REQUIRE(all.size() == 1U);
    BOOST_TEST(all[0].results == 2U);
    BOOST_TEST(all[0].last_message_ago == 2);
    BOOST_TEST(!all[0].report);
    BOOST_TEST(state(board, 2) == "live");
}

BOOST_AUTO_TEST_CASE(returns_the_broker_status_and_the_time_since_it_arrived) {
    CameraBoard board;
    BOOST_TEST(!board.broker(start));
    board.update(wire::Status{.state = "no worker"}, start);
    const auto broker = board.broker(start + seconds(3));
    BOOST_REQUIRE(broker);
    BOOST_TEST(broker->status.state == "no worker");
    BOOST_TEST(broker->last_message_ago == 3);
}

BOOST_AUTO_TEST_CASE(limits_the_number_of_cameras) {
    CameraBoard board;
    for (int i = 0; i < 2000; ++i) {
        board.update(wire::Track{.head = {.src = "camera" + std::to_string(i)}}, start);
    }
    BOOST_TEST(board.cameras(start).size() == 1000U);
}

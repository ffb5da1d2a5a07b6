#include <chrono>

#include <boost/test/unit_test.hpp>

#include "gateway/live/camera_board.hpp"

using namespace facebus;
using namespace facebus::gateway;
using std::chrono::seconds;

namespace {

const Monotonic::time_point start;
constexpr std::int64_t second = 1'000'000'000;

wire::Camera report(std::int64_t last_frame_ago) {
    return {.head = {.src = "door", .ts = 100 * second},
            .live = true,
            .frames = 50,
            .rate = 25,
            .last_frame = (100 - last_frame_ago) * second};
}

std::string state(const CameraBoard& board, int after) {
    const auto all = board.cameras(start + seconds(after));
    BOOST_REQUIRE(all.size() == 1U);
    return to_string(all[0].state);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_camera_is_live_while_its_frames_come_and_away_when_nothing_is_heard) {
    CameraBoard board;
    board.see(report(0), start);
    BOOST_TEST(state(board, 1) == "live");
    BOOST_TEST(state(board, 11) == "away");
    board.see(report(0), start + seconds(11));
    BOOST_TEST(state(board, 12) == "live");
}

BOOST_AUTO_TEST_CASE(a_camera_that_gives_no_frames_is_silent_whatever_clock_its_edge_has) {
    CameraBoard board;
    board.see(report(6), start);
    BOOST_TEST(state(board, 1) == "silent");
}

BOOST_AUTO_TEST_CASE(a_file_that_was_read_to_its_end_is_not_missed) {
    CameraBoard board;
    auto last = report(6);
    last.ended = true;
    board.see(last, start);
    BOOST_TEST(state(board, 1000) == "ended");
}

BOOST_AUTO_TEST_CASE(an_edge_that_tells_nothing_of_its_cameras_is_known_by_its_results) {
    CameraBoard board;
    board.see(wire::Identity{.head = {.src = "door"}}, start);
    board.see(wire::Identity{.head = {.src = "door"}}, start - seconds(100));
    const auto all = board.cameras(start + seconds(2));
    BOOST_REQUIRE(all.size() == 1U);
    BOOST_TEST(all[0].results == 2U);
    BOOST_TEST(all[0].heard_ago == 2);
    BOOST_TEST(!all[0].report);
    BOOST_TEST(state(board, 2) == "live");
}

BOOST_AUTO_TEST_CASE(the_broker_is_told_of_with_the_time_since_it_was_heard) {
    CameraBoard board;
    BOOST_TEST(!board.broker(start));
    board.see(wire::Status{.state = "no worker"}, start);
    const auto broker = board.broker(start + seconds(3));
    BOOST_REQUIRE(broker);
    BOOST_TEST(broker->status.state == "no worker");
    BOOST_TEST(broker->heard_ago == 3);
}

BOOST_AUTO_TEST_CASE(names_without_end_fill_no_memory) {
    CameraBoard board;
    for (int i = 0; i < 2000; ++i) {
        board.see(wire::Track{.head = {.src = "camera" + std::to_string(i)}}, start);
    }
    BOOST_TEST(board.cameras(start).size() == 1000U);
}

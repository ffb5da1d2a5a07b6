#include <boost/test/unit_test.hpp>

#include "track/camera_watch.hpp"

using namespace facebus;
using namespace facebus::track;
using std::chrono::seconds;

namespace {

constexpr std::int64_t second = 1'000'000'000;
const Monotonic::time_point start;

wire::Face frame(const std::string& camera, std::int64_t ts, bool end = false) {
    return {.head = {.src = camera, .ts = ts}, .stream = {.live = true, .end = end}, .faces = {}};
}

wire::Track event(const std::string& track, wire::TrackEvent kind) {
    return {.head = {.src = "door"}, .track = track, .event = kind};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_camera_is_told_of_with_its_frames_a_second) {
    CameraWatch watch(seconds(2), start);
    for (int i = 0; i < 50; ++i) watch.see(frame("door", i * second / 25));
    BOOST_TEST(watch.reports(start + seconds(1), 3 * second).empty());
    const auto reports = watch.reports(start + seconds(2), 3 * second);
    BOOST_REQUIRE(reports.size() == 1U);
    BOOST_TEST(reports[0].head.src == "door");
    BOOST_TEST(reports[0].head.ts == 3 * second);
    BOOST_TEST(reports[0].frames == 50U);
    BOOST_TEST(reports[0].rate == 25);
    BOOST_TEST(reports[0].last_frame == 49 * second / 25);
    BOOST_TEST(reports[0].live);
    BOOST_TEST(!reports[0].ended);
}

BOOST_AUTO_TEST_CASE(
    a_camera_that_gives_nothing_any_more_is_told_of_with_the_time_of_its_last_frame) {
    CameraWatch watch(seconds(2), start);
    watch.see(frame("door", second));
    watch.reports(start + seconds(2), 2 * second);
    const auto reports = watch.reports(start + seconds(4), 4 * second);
    BOOST_REQUIRE(reports.size() == 1U);
    BOOST_TEST(reports[0].rate == 0);
    BOOST_TEST(reports[0].frames == 1U);
    BOOST_TEST(reports[0].last_frame == second);
}

BOOST_AUTO_TEST_CASE(a_configured_camera_that_never_gave_a_frame_is_told_of) {
    CameraWatch watch(seconds(2), start, {"door", "yard"});
    watch.see(frame("door", second));
    const auto reports = watch.reports(start + seconds(2), 3 * second);
    BOOST_REQUIRE(reports.size() == 2U);
    BOOST_TEST(reports[0].frames == 1U);
    BOOST_TEST(reports[1].head.src == "yard");
    BOOST_TEST(reports[1].frames == 0U);
    BOOST_TEST(reports[1].last_frame == 0);
    BOOST_TEST(!reports[1].ended);
}

BOOST_AUTO_TEST_CASE(the_rate_is_of_the_time_that_passed_when_a_report_is_late) {
    CameraWatch watch(seconds(2), start);
    for (int i = 0; i < 40; ++i) watch.see(frame("door", i));
    BOOST_TEST(watch.reports(start + seconds(4), 1).at(0).rate == 10);
}

BOOST_AUTO_TEST_CASE(open_tracks_are_counted_and_the_end_of_a_file_is_told) {
    CameraWatch watch(seconds(2), start);
    watch.see(event("one", wire::TrackEvent::started));
    watch.see(event("two", wire::TrackEvent::started));
    watch.see(event("one", wire::TrackEvent::ended));
    BOOST_TEST(watch.reports(start + seconds(2), 1).at(0).tracks == 1U);
    watch.see(event("two", wire::TrackEvent::ended));
    watch.see(frame("door", 5, true));
    const auto report = watch.reports(start + seconds(4), 1).at(0);
    BOOST_TEST(report.tracks == 0U);
    BOOST_TEST(report.ended);
    BOOST_TEST(report.frames == 0U);
}

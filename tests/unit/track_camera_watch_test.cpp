// Tests of CameraWatch, which reports the state of each camera.
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

BOOST_AUTO_TEST_CASE(reports_the_frames_per_second_of_a_camera) {
    CameraWatch watch(seconds(2), start);
    for (int i = 0; i < 50; ++i) watch.record(frame("door", i * second / 25));
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

BOOST_AUTO_TEST_CASE(reports_the_time_of_the_last_frame_if_no_new_frames_arrive) {
    CameraWatch watch(seconds(2), start);
    watch.record(frame("door", second));
    watch.reports(start + seconds(2), 2 * second);
    const auto reports = watch.reports(start + seconds(4), 4 * second);
    BOOST_REQUIRE(reports.size() == 1U);
    BOOST_TEST(reports[0].rate == 0);
    BOOST_TEST(reports[0].frames == 1U);
    BOOST_TEST(reports[0].last_frame == second);
}

BOOST_AUTO_TEST_CASE(reports_a_configured_camera_that_never_delivered_a_frame) {
    CameraWatch watch(seconds(2), start, {"door", "yard"});
    watch.record(frame("door", second));
    const auto reports = watch.reports(start + seconds(2), 3 * second);
    BOOST_REQUIRE(reports.size() == 2U);
    BOOST_TEST(reports[0].frames == 1U);
    BOOST_TEST(reports[1].head.src == "yard");
    BOOST_TEST(reports[1].frames == 0U);
    BOOST_TEST(reports[1].last_frame == 0);
    BOOST_TEST(!reports[1].ended);
}

BOOST_AUTO_TEST_CASE(computes_the_frame_rate_over_the_elapsed_time_if_a_report_is_late) {
    CameraWatch watch(seconds(2), start);
    for (int i = 0; i < 40; ++i) watch.record(frame("door", i));
    BOOST_TEST(watch.reports(start + seconds(4), 1).at(0).rate == 10);
}

BOOST_AUTO_TEST_CASE(counts_open_tracks_and_reports_the_end_of_a_stream) {
    CameraWatch watch(seconds(2), start);
    watch.record(event("one", wire::TrackEvent::started));
    watch.record(event("two", wire::TrackEvent::started));
    watch.record(event("one", wire::TrackEvent::ended));
    BOOST_TEST(watch.reports(start + seconds(2), 1).at(0).tracks == 1U);
    watch.record(event("two", wire::TrackEvent::ended));
    watch.record(frame("door", 5, true));
    const auto report = watch.reports(start + seconds(4), 1).at(0);
    BOOST_TEST(report.tracks == 0U);
    BOOST_TEST(report.ended);
    BOOST_TEST(report.frames == 0U);
}

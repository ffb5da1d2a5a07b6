// Tests of the tracker: its tracks, and the crops that it selects as probes.
#include <algorithm>
#include <map>
#include <set>

#include <boost/test/unit_test.hpp>

#include "support/images.hpp"
#include "vision/track/tracker.hpp"

using namespace facebus;
using namespace facebus::vision;

namespace {

constexpr std::int64_t frame = 40'000'000;  // 25 frames per second
using Kind = TrackEvent::Kind;

/// Returns a detection at (x, y). The crop is a texture that depends on `person`.
Sighting sighting(float x, float y, unsigned person, float overall = 0.8F, float side = 60) {
    Sighting out;
    out.box = {x, y, side, side};
    out.landmarks = {
        {{x + 20, y + 20}, {x + 40, y + 20}, {x + 30, y + 32}, {x + 22, y + 45}, {x + 38, y + 45}}};
    out.quality = {30, 50, 0, 0.99F, overall};
    out.crop = test::image_of(test::texture(crop_side, person));
    return out;
}

std::size_t count(const TrackerResult& result, Kind kind) {
    return static_cast<std::size_t>(std::count_if(result.events.begin(), result.events.end(),
                                                  [&](const auto& e) { return e.kind == kind; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_face_detected_once_is_not_reported) {
    Tracker tracker({});
    const auto result = tracker.process({sighting(10, 10, 1)}, 0, false);
    BOOST_TEST(result.events.empty());
    BOOST_TEST(result.probes.empty());
    BOOST_TEST(tracker.finish().events.empty());
}

BOOST_AUTO_TEST_CASE(the_second_detection_of_a_face_starts_a_track_with_one_probe) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1)}, 0, false);
    const auto result = tracker.process({sighting(12, 10, 1)}, frame, false);
    BOOST_REQUIRE(result.events.size() == 1U);
    BOOST_TEST((result.events[0].kind == Kind::started));
    BOOST_TEST(result.events[0].track == 1U);
    BOOST_TEST(result.events[0].pts == frame);
    BOOST_TEST(result.events[0].box.x == 12);
    BOOST_REQUIRE(result.probes.size() == 1U);
    BOOST_TEST(result.probes[0].track == 1U);
    BOOST_TEST(result.probes[0].number == 1U);
    BOOST_TEST(result.probes[0].sighting.crop.width == crop_side);
}

BOOST_AUTO_TEST_CASE(only_detections_with_a_high_score_confirm_a_track) {
    const auto reports = [](const std::vector<float>& scores) {
        Tracker tracker({.confirm_score = 0.97F});
        bool started = false;
        for (std::size_t i = 0; i < scores.size(); ++i) {
            auto face = sighting(10, 10, 1);
            face.quality.detector = scores[i];
            const auto pts = static_cast<std::int64_t>(i) * frame;
            started = started || count(tracker.process({face}, pts, false), Kind::started) > 0;
        }
        return started;
    };
    BOOST_TEST(!reports({0.993F, 0.924F}));
    BOOST_TEST(!reports({0.92F, 0.93F, 0.96F, 0.93F, 0.993F}));
    BOOST_TEST(reports({0.98F, 0.9F, 0.97F}));
}

BOOST_AUTO_TEST_CASE(reports_one_moved_event_per_frame_while_a_face_is_visible) {
    Tracker tracker({});
    for (int i = 0; i < 10; ++i) {
        const auto result =
            tracker.process({sighting(10 + 3.0F * static_cast<float>(i), 10, 1)}, i * frame, false);
        if (i >= 2) BOOST_TEST(count(result, Kind::moved) == 1U);
    }
}

BOOST_AUTO_TEST_CASE(people_who_pass_each_other_keep_their_track_numbers) {
    Tracker tracker({});
    // Directions in which the box of each track has moved: 1 is right, -1 is left.
    std::map<std::uint64_t, std::set<int>> directions;
    std::map<std::uint64_t, float> last;
    for (int i = 0; i < 40; ++i) {
        const auto distance = static_cast<float>(i) * 8;
        // When the two people meet, one person hides the other for four frames.
        std::vector<Sighting> seen{sighting(20 + distance, 50, 1)};
        if (i < 18 || i > 21) seen.push_back(sighting(340 - distance, 54, 2));
        // The order of the detections must not matter.
        if (i % 2 == 1) std::reverse(seen.begin(), seen.end());
        for (const auto& event : tracker.process(std::move(seen), i * frame, false).events) {
            BOOST_TEST((event.kind != Kind::ended));
            if (last.contains(event.track))
                directions[event.track].insert(event.box.x > last[event.track] ? 1 : -1);
            last[event.track] = event.box.x;
        }
    }
    BOOST_REQUIRE(directions.size() == 2U);
    BOOST_TEST(directions[1].size() == 1U);
    BOOST_TEST(directions[2].size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_track_continues_after_a_short_gap_and_ends_after_a_long_gap) {
    Tracker tracker({.max_gap = 1.0});
    tracker.process({sighting(10, 10, 1)}, 0, false);
    tracker.process({sighting(10, 10, 1)}, frame, false);
    const auto again = tracker.process({sighting(14, 10, 1)}, frame + 900'000'000, false);
    BOOST_REQUIRE(again.events.size() == 1U);
    BOOST_TEST((again.events[0].kind == Kind::moved));
    const auto empty = tracker.process({}, frame + 2'100'000'000, false);
    BOOST_REQUIRE(empty.events.size() == 1U);
    BOOST_TEST((empty.events[0].kind == Kind::ended));
    BOOST_TEST(empty.events[0].pts == frame + 900'000'000);
    BOOST_TEST(empty.events[0].box.x == 14);
}

BOOST_AUTO_TEST_CASE(track_numbers_are_never_reused) {
    Tracker tracker({});
    for (std::uint64_t n = 1; n <= 3; ++n) {
        const auto start = static_cast<std::int64_t>(n) * 10'000'000'000;
        tracker.process({sighting(10, 10, 1)}, start, false);
        const auto result = tracker.process({sighting(10, 10, 1)}, start + frame, false);
        BOOST_REQUIRE(result.events.size() == 1U);
        BOOST_TEST(result.events[0].track == n);
    }
}

BOOST_AUTO_TEST_CASE(a_scene_cut_ends_all_tracks_and_the_face_then_starts_a_new_track) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1)}, 0, false);
    tracker.process({sighting(10, 10, 1)}, frame, false);
    const auto cut = tracker.process({sighting(10, 10, 1)}, 2 * frame, true);
    BOOST_REQUIRE(cut.events.size() == 1U);
    BOOST_TEST((cut.events[0].kind == Kind::ended));
    const auto after = tracker.process({sighting(10, 10, 1)}, 3 * frame, false);
    BOOST_REQUIRE(after.events.size() == 1U);
    BOOST_TEST(after.events[0].track == 2U);
}

BOOST_AUTO_TEST_CASE(a_different_face_at_the_same_position_starts_a_new_track) {
    Tracker tracker({});
    for (int i = 0; i < 5; ++i) tracker.process({sighting(10, 10, 1)}, i * frame, false);
    tracker.process({sighting(11, 10, 2)}, 5 * frame, false);
    const auto result = tracker.process({sighting(11, 10, 2)}, 6 * frame, false);
    BOOST_TEST(count(result, Kind::started) == 1U);
    BOOST_TEST(count(result, Kind::moved) == 0U);
    // Two people cannot be at the same position, so the first person must have left.
    BOOST_TEST(count(result, Kind::ended) == 1U);
}

BOOST_AUTO_TEST_CASE(single_outlier_crops_do_not_split_a_track) {
    Tracker tracker({});
    std::set<std::uint64_t> tracks;
    for (int i = 0; i < 20; ++i) {
        const unsigned person = i % 5 == 4 ? 2 : 1;
        for (const auto& e : tracker.process({sighting(10, 10, person)}, i * frame, false).events)
            tracks.insert(e.track);
    }
    BOOST_TEST(tracks.size() == 1U);
}

BOOST_AUTO_TEST_CASE(duplicate_detections_of_a_face_start_only_one_track) {
    Tracker tracker({});
    std::size_t started = 0;
    for (int i = 0; i < 5; ++i) {
        const auto result = tracker.process(
            {sighting(10, 10, 1), sighting(16, 12, 1), sighting(20, 20, 1, 0.8F, 30)}, i * frame,
            false);
        started += count(result, Kind::started);
    }
    BOOST_TEST(started == 1U);
}

BOOST_AUTO_TEST_CASE(a_face_far_from_a_track_does_not_join_the_track) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1)}, 0, false);
    BOOST_TEST(tracker.process({sighting(300, 10, 1)}, frame, false).events.empty());
}

BOOST_AUTO_TEST_CASE(sends_an_unchanged_face_once_per_refresh_interval) {
    Tracker tracker({});
    std::vector<std::int64_t> sent;
    for (std::int64_t pts = 0; pts < 12'000'000'000; pts += frame)
        for (const auto& probe : tracker.process({sighting(10, 10, 1)}, pts, false).probes) {
            BOOST_TEST(probe.number == sent.size() + 1);
            sent.push_back(pts);
        }
    BOOST_REQUIRE(sent.size() == 3U);
    BOOST_TEST(sent[1] - sent[0] >= 5'000'000'000);
    BOOST_TEST(sent[2] - sent[1] >= 5'000'000'000);
}

BOOST_AUTO_TEST_CASE(sends_only_new_views_and_at_most_max_probes) {
    TrackerOptions options;
    options.max_probes = 4;
    Tracker tracker(options);
    std::vector<std::int64_t> sent;
    for (int i = 0; i * frame < 4'000'000'000; ++i) {
        Sighting seen = sighting(10, 10, 1);
        // The face turns slowly from one side to the other. All crops are equal, so a view is new
        // only if its yaw differs by at least 0.2 from that of every earlier probe. To turn by 0.2
        // takes ten frames (0.4 s).
        seen.quality.yaw = -1 + static_cast<float>(i) * 0.02F;
        for ([[maybe_unused]] const auto& probe : tracker.process({seen}, i * frame, false).probes)
            sent.push_back(i * frame);
    }
    BOOST_REQUIRE(sent.size() == 4U);
    for (std::size_t i = 1; i < sent.size(); ++i) BOOST_TEST(sent[i] - sent[i - 1] >= 300'000'000);
}

BOOST_AUTO_TEST_CASE(sends_another_crop_if_its_quality_is_clearly_higher) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1, 0.4F)}, 0, false);
    BOOST_TEST(tracker.process({sighting(10, 10, 1, 0.4F)}, frame, false).probes.size() == 1U);
    BOOST_TEST(tracker.process({sighting(10, 10, 1, 0.9F)}, 2 * frame, false).probes.empty());
    BOOST_TEST(tracker.process({sighting(10, 10, 1, 0.9F)}, 12 * frame, false).probes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(never_sends_crops_of_low_quality_or_of_tiny_faces) {
    Tracker tracker({});
    for (int i = 0; i < 10; ++i) {
        Sighting tiny = sighting(200, 10, 2);
        tiny.quality.eye_distance = 9;
        BOOST_TEST(
            tracker.process({sighting(10, 10, 1, 0.1F), tiny}, i * frame, false).probes.empty());
    }
    BOOST_TEST(tracker.process({sighting(10, 10, 1, 0.5F)}, 10 * frame, false).probes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_end_of_the_stream_ends_all_tracks_once) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1), sighting(200, 10, 2)}, 0, false);
    tracker.process({sighting(10, 10, 1), sighting(200, 10, 2)}, frame, false);
    BOOST_TEST(count(tracker.finish(), Kind::ended) == 2U);
    BOOST_TEST(tracker.finish().events.empty());
}

BOOST_AUTO_TEST_CASE(ends_all_tracks_if_the_frame_time_decreases) {
    Tracker tracker({});
    tracker.process({sighting(10, 10, 1)}, 100 * frame, false);
    tracker.process({sighting(10, 10, 1)}, 101 * frame, false);
    const auto result = tracker.process({sighting(10, 10, 1)}, 0, false);
    BOOST_REQUIRE(result.events.size() == 1U);
    BOOST_TEST((result.events[0].kind == Kind::ended));
}

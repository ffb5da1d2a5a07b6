// Tests of Presence, which determines the people that each camera sees.
#include <boost/test/unit_test.hpp>

#include "gateway/mqtt/presence.hpp"

using namespace facebus;
using namespace facebus::gateway;
using namespace std::chrono_literals;

namespace {

using People = std::set<std::string>;

wire::Track event(const std::string& track, wire::TrackEvent kind,
                  const std::string& camera = "door") {
    return {.head = {.src = camera}, .track = track, .event = kind};
}

wire::Identity result(const std::string& track, const std::string& subject,
                      const std::string& camera = "door") {
    wire::Identity identity{
        .head = {.src = camera}, .track = track, .decision = wire::Decision::unknown};
    if (!subject.empty()) {
        identity.decision = wire::Decision::known;
        identity.subject_id = subject;
    }
    return identity;
}

struct PresenceFixture {
    Presence presence{{.absent_after = 20s, .linger = 5s}};
    Monotonic::time_point start{100s};

    Presence::Camera door(Monotonic::duration after) {
        return presence.cameras(start + after).at("door");
    }
    /// Checks the state of the camera `door` at the time `start + after`.
    void expect(Monotonic::duration after, std::size_t count, const People& people) {
        const auto camera = door(after);
        BOOST_TEST_CONTEXT("after " << std::chrono::duration<double>(after).count() << " s") {
            BOOST_TEST(camera.count == count);
            BOOST_TEST((camera.people == people));
        }
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(person_is_present_from_start_of_track_until_linger_after_its_end,
                        PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    expect(0s, 1, {});
    presence.update(result("t1", "alice"), 0s, start + 1s);
    expect(1s, 1, {"alice"});
    presence.update(event("t1", wire::TrackEvent::ended), start + 3s);
    expect(7900ms, 1, {"alice"});
    expect(8s, 0, {});
}

BOOST_FIXTURE_TEST_CASE(person_stays_present_between_consecutive_tracks, PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(result("t1", "alice"), 0s, start);
    presence.update(event("t1", wire::TrackEvent::ended), start + 1s);
    presence.update(event("t2", wire::TrackEvent::started), start + 2s);
    expect(2s, 1, {"alice"});
    presence.update(result("t2", "alice"), 0s, start + 3s);
    expect(3s, 1, {"alice"});
    expect(10s, 1, {"alice"});
}

BOOST_FIXTURE_TEST_CASE(counts_each_known_person_once_and_each_track_without_a_known_person,
                        PresenceFixture) {
    for (const auto* track : {"t1", "t2", "t3", "t4"})
        presence.update(event(track, wire::TrackEvent::started), start);
    presence.update(result("t1", "alice"), 0s, start);
    presence.update(result("t2", "alice"), 0s, start);
    presence.update(result("t3", ""), 0s, start);
    expect(0s, 3, {"alice"});
}

BOOST_FIXTURE_TEST_CASE(person_becomes_absent_if_messages_of_the_track_stop, PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(result("t1", "alice"), 0s, start);
    presence.update(event("t1", wire::TrackEvent::moved), start + 15s);
    expect(34900ms, 1, {"alice"});
    expect(40s, 0, {});
}

BOOST_FIXTURE_TEST_CASE(person_is_present_again_if_messages_of_the_track_resume, PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(result("t1", "alice"), 0s, start);
    expect(60s, 0, {});
    presence.update(event("t1", wire::TrackEvent::moved), start + 61s);
    expect(61s, 1, {"alice"});
}

BOOST_FIXTURE_TEST_CASE(messages_after_the_end_of_a_track_do_not_reopen_it, PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(event("t1", wire::TrackEvent::ended), start);
    presence.update(event("t1", wire::TrackEvent::started), start + 10s);
    presence.update(event("t1", wire::TrackEvent::moved), start + 10s);
    presence.update(result("t1", "alice"), 0s, start + 10s);
    expect(10s, 0, {});
}

BOOST_FIXTURE_TEST_CASE(result_within_linger_after_the_end_of_its_track_makes_the_person_present,
                        PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(event("t1", wire::TrackEvent::ended), start + 1s);
    presence.update(result("t1", "alice"), 0s, start + 2s);
    expect(2s, 1, {"alice"});
}

BOOST_FIXTURE_TEST_CASE(old_result_sets_the_person_but_does_not_bring_the_track_into_view,
                        PresenceFixture) {
    presence.update(result("t1", "alice"), 60s, start);
    expect(0s, 0, {});
    BOOST_TEST(presence.last_seen().at("door").subject_id == "alice");
    presence.update(event("t1", wire::TrackEvent::moved), start + 1s);
    expect(1s, 1, {"alice"});
}

BOOST_FIXTURE_TEST_CASE(end_of_stream_ends_only_the_tracks_of_its_camera, PresenceFixture) {
    presence.update(event("t1", wire::TrackEvent::started), start);
    presence.update(event("g1", wire::TrackEvent::started, "gate"), start);
    presence.update(event("", wire::TrackEvent::end), start);
    const auto all = presence.cameras(start + 6s);
    BOOST_TEST(all.at("door").count == 0U);
    BOOST_TEST(all.at("gate").count == 1U);
}

BOOST_FIXTURE_TEST_CASE(last_seen_is_the_known_person_of_the_newest_result, PresenceFixture) {
    auto newer = result("t2", "bob");
    newer.head.ts = 2'000'000'000;
    presence.update(newer, 0s, start);
    presence.update(result("t1", "alice"), 0s, start);
    presence.update(result("t3", ""), 0s, start);
    BOOST_TEST(presence.last_seen().at("door").subject_id == "bob");
}

BOOST_AUTO_TEST_CASE(limits_the_number_of_cameras_and_counts_skipped_messages) {
    Presence presence({.absent_after = 20s, .linger = 5s});
    const Monotonic::time_point start{100s};
    for (int i = 0; i < 1100; ++i) {
        presence.update(
            event("t" + std::to_string(i), wire::TrackEvent::started, "c" + std::to_string(i)),
            start);
    }
    BOOST_TEST(presence.cameras(start).size() == 1000U);
    BOOST_TEST(presence.skipped() == 100U);
}

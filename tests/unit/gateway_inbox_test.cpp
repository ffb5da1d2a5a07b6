#include <chrono>
#include <set>

#include <boost/test/unit_test.hpp>

#include "gateway/live/gallery_follower.hpp"
#include "gateway/live/inbox.hpp"
#include "support/faces.hpp"
#include "support/samples.hpp"

using namespace facebus;
using namespace facebus::gateway;
using facebus::test::axis;
using facebus::test::between;
using std::chrono::hours;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr double alike = 0.5;

InboxFace stranger(const std::string& id, const Embedding& face, std::int64_t seen,
                   const std::string& camera = "door") {
    return {.id = id,
            .camera = camera,
            .track = "track " + id,
            .seen = seen * second,
            .gone = seen * second,
            .quality = {.overall = 0.8F},
            .embedding = face,
            .picture = "JPEG"};
}

std::vector<std::string> ids(const Inbox::Group& group) {
    std::vector<std::string> all;
    all.reserve(group.size());
    for (const auto& face : group) all.push_back(face->id);
    return all;
}

using Ids = std::vector<std::string>;

/// A gallery of these people with a sample each.
live_gallery::GalleryWatcher::View gallery_of(
    const std::vector<std::pair<std::string, Embedding>>& people,
    const std::set<std::string>& ignored = {}) {
    std::vector<gallery::Subject> subjects;
    std::vector<gallery::Sample> samples;
    subjects.reserve(people.size());
    samples.reserve(people.size());
    for (const auto& [id, face] : people) {
        subjects.push_back({.id = id, .name = "name", .ignored = ignored.contains(id)});
        samples.push_back(facebus::test::sample(face));
        samples.back().id = samples.back().subject_id = id;
    }
    return {std::make_shared<const gallery::Snapshot>("model-1", subjects, samples, "1-0"), {}};
}

const std::string ann(32, 'a');
const std::string bob(32, 'b');

wire::Identity result_naming(const std::string& subject) {
    auto identity = samples::identity();
    identity.subject_id = subject;
    identity.runner_up.reset();
    return identity;
}

void check_nothing_stays(const live_gallery::GalleryWatcher::View& after) {
    LiveView live(9, hours(1));
    Inbox inbox(9, hours(1'000'000));
    live.add(result_naming(ann), "");
    live.add(result_naming(bob), "");
    auto second_to = result_naming(bob);
    second_to.runner_up = wire::RunnerUp{ann, "name", 0.1};
    live.add(second_to, "");
    inbox.add(stranger("1", between(0, 2, 0.35F), 1));
    inbox.add(stranger("2", axis(3), 2));
    GalleryFollower follower(live, inbox, gallery_of({{ann, axis(0)}, {bob, axis(1)}}));
    follower.look(after);
    const auto left = live.after(0);
    BOOST_REQUIRE(left.size() == 1U);
    BOOST_TEST(left[0]->identity.subject_id.value() == bob);
    BOOST_TEST(inbox.find({"1"}).empty());
    BOOST_TEST(inbox.find({"2"}).size() == 1U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(strangers_are_grouped_by_person_who_was_seen_last_first) {
    Inbox inbox(10, hours(1));
    inbox.add(stranger("1", axis(0), 1));
    inbox.add(stranger("2", axis(1), 2));
    inbox.add(stranger("3", between(0, 1, 0.9F), 3));
    const auto groups = inbox.groups(alike);
    BOOST_REQUIRE(groups.size() == 2U);
    BOOST_TEST(ids(groups[0]) == (Ids{"3", "1"}), boost::test_tools::per_element());
    BOOST_TEST(ids(groups[1]) == Ids{"2"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(two_who_were_in_one_picture_at_one_time_are_two_people) {
    Inbox inbox(10, hours(1));
    inbox.add(stranger("1", axis(0), 1));
    inbox.end_track("track 1", 5 * second);
    inbox.add(stranger("2", axis(0), 3));
    inbox.add(stranger("3", axis(0), 4, "hall"));
    BOOST_TEST(inbox.groups(alike).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_track_has_one_face_and_none_when_it_turns_out_to_be_known) {
    Inbox inbox(10, hours(1));
    inbox.add(stranger("1", axis(0), 1));
    auto again = stranger("2", axis(0), 2);
    again.track = "track 1";
    inbox.add(again);
    BOOST_TEST(inbox.size() == 1U);
    BOOST_TEST(inbox.find({"2"}).size() == 1U);
    inbox.forget_track("track 1");
    BOOST_TEST(inbox.size() == 0U);
}

BOOST_AUTO_TEST_CASE(the_oldest_goes_where_there_are_too_many_and_what_is_too_old) {
    Inbox inbox(2, hours(1));
    for (const auto* id : {"1", "2", "3"}) inbox.add(stranger(id, axis(0), id[0] - '0'));
    BOOST_TEST(inbox.find({"1"}).empty());
    inbox.forget_old(3600 * second + 2 * second + 1);
    BOOST_TEST(inbox.find({"2"}).empty());
    BOOST_TEST(inbox.find({"3"}).size() == 1U);
    Inbox none(0, hours(1));
    none.add(stranger("1", axis(0), 1));
    BOOST_TEST(none.size() == 0U);
}

BOOST_AUTO_TEST_CASE(who_is_in_the_gallery_now_is_no_stranger_any_more) {
    for (const auto& ignored : {std::set<std::string>{}, std::set<std::string>{ann}}) {
        LiveView live(9, hours(1));
        Inbox inbox(9, hours(1'000'000));
        inbox.add(stranger("1", axis(0), 1));
        inbox.add(stranger("2", axis(1), 2));
        GalleryFollower follower(live, inbox, gallery_of({}));
        follower.look(gallery_of({{ann, axis(0)}}, ignored));
        BOOST_TEST(inbox.find({"1"}).empty());
        BOOST_TEST(inbox.find({"2"}).size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(of_a_person_who_is_removed_nothing_stays) {
    check_nothing_stays(gallery_of({{bob, axis(1)}}));
}

BOOST_AUTO_TEST_CASE(of_a_person_who_is_not_to_be_reported_any_more_nothing_stays) {
    check_nothing_stays(gallery_of({{ann, axis(0)}, {bob, axis(1)}}, {ann}));
}

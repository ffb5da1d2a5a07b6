// Tests of UnknownFaces, and of GalleryFollower, which drops results and faces when the gallery
// changes.
#include <chrono>
#include <set>

#include <boost/test/unit_test.hpp>

#include "gateway/live/gallery_follower.hpp"
#include "gateway/live/unknown_faces.hpp"
#include "support/example_messages.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gateway;
using facebus::test::axis;
using facebus::test::between;
using std::chrono::hours;

namespace {

constexpr std::int64_t second = 1'000'000'000;
const gallery::ScoreSpace plain;  // scores are cosine similarities

/// Returns a face with this id on the track "track <id>", seen at the time `seen`, in seconds.
UnknownFace unknown_face(const std::string& id, const Embedding& face, std::int64_t seen,
                         const std::string& camera = "door") {
    return {.id = id,
            .camera = camera,
            .track = "track " + id,
            .seen = seen * second,
            .ended = seen * second,
            .quality = {.overall = 0.8F},
            .embedding = face,
            .jpeg = "JPEG"};
}

std::vector<std::string> ids(const UnknownFaces::Group& group) {
    std::vector<std::string> all;
    all.reserve(group.size());
    for (const auto& face : group) all.push_back(face->id);
    return all;
}

using Ids = std::vector<std::string>;

/// Returns a gallery of these people with one sample each.
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
    auto identity = examples::identity();
    identity.subject_id = subject;
    identity.runner_up.reset();
    return identity;
}

/// Changes a gallery of Ann and Bob to the gallery `after`. Checks that this drops the results that
/// name Ann, as best subject or runner-up, and the unknown face that resembles her. Checks that it
/// keeps the other result and the other face.
void check_ann_is_forgotten(const live_gallery::GalleryWatcher::View& after) {
    LiveView live(9, hours(1));
    UnknownFaces unknown_faces(9, hours(1'000'000));
    live.add(result_naming(ann), "", Monotonic::now());
    live.add(result_naming(bob), "", Monotonic::now());
    auto with_runner_up = result_naming(bob);
    with_runner_up.runner_up = wire::Candidate{ann, "name", 0.1};
    live.add(with_runner_up, "", Monotonic::now());
    unknown_faces.add(unknown_face("1", between(0, 2, 0.35F), 1));
    unknown_faces.add(unknown_face("2", axis(3), 2));
    Heartbeat heartbeat;
    GalleryFollower follower(live, unknown_faces, heartbeat,
                             gallery_of({{ann, axis(0)}, {bob, axis(1)}}));
    follower.update(after);
    const auto kept = live.after(0);
    BOOST_REQUIRE(kept.size() == 1U);
    BOOST_TEST(kept[0]->identity.subject_id.value() == bob);
    BOOST_TEST(unknown_faces.find({"1"}).empty());
    BOOST_TEST(unknown_faces.find({"2"}).size() == 1U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(groups_faces_by_person_and_lists_the_most_recent_first) {
    UnknownFaces unknown_faces(10, hours(1));
    unknown_faces.add(unknown_face("1", axis(0), 1));
    unknown_faces.add(unknown_face("2", axis(1), 2));
    unknown_faces.add(unknown_face("3", between(0, 1, 0.9F), 3));
    const auto groups = unknown_faces.groups(plain);
    BOOST_REQUIRE(groups.size() == 2U);
    BOOST_TEST(ids(groups[0]) == (Ids{"3", "1"}), boost::test_tools::per_element());
    BOOST_TEST(ids(groups[1]) == Ids{"2"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(overlapping_tracks_of_one_camera_belong_to_different_groups) {
    UnknownFaces unknown_faces(10, hours(1));
    unknown_faces.add(unknown_face("1", axis(0), 1));
    unknown_faces.end_track("track 1", 5 * second);
    unknown_faces.add(unknown_face("2", axis(0), 3));
    unknown_faces.add(unknown_face("3", axis(0), 4, "hall"));
    BOOST_TEST(unknown_faces.groups(plain).size() == 2U);
}

BOOST_AUTO_TEST_CASE(keeps_the_latest_face_of_a_track_until_the_track_is_forgotten) {
    UnknownFaces unknown_faces(10, hours(1));
    unknown_faces.add(unknown_face("1", axis(0), 1));
    auto again = unknown_face("2", axis(0), 2);
    again.track = "track 1";
    unknown_faces.add(again);
    BOOST_TEST(unknown_faces.size() == 1U);
    BOOST_TEST(unknown_faces.find({"2"}).size() == 1U);
    unknown_faces.forget_track("track 1");
    BOOST_TEST(unknown_faces.size() == 0U);
}

BOOST_AUTO_TEST_CASE(dropped_faces_do_not_stay_in_memory) {
    UnknownFaces unknown_faces(10, hours(1));
    unknown_faces.add(unknown_face("1", axis(0), 1));
    const std::weak_ptr<const UnknownFace> face = unknown_faces.groups(plain)[0][0];
    BOOST_TEST(!face.expired());
    unknown_faces.forget_track("track 1");
    BOOST_TEST(face.expired());
}

BOOST_AUTO_TEST_CASE(drops_expired_faces_and_limits_the_number_of_faces) {
    UnknownFaces unknown_faces(2, hours(1));
    for (const auto* id : {"1", "2", "3"})
        unknown_faces.add(unknown_face(id, axis(0), id[0] - '0'));
    BOOST_TEST(unknown_faces.find({"1"}).empty());
    unknown_faces.forget_old(3600 * second + 2 * second + 1);
    BOOST_TEST(unknown_faces.find({"2"}).empty());
    BOOST_TEST(unknown_faces.find({"3"}).size() == 1U);
    UnknownFaces none(0, hours(1));
    none.add(unknown_face("1", axis(0), 1));
    BOOST_TEST(none.size() == 0U);
}

BOOST_AUTO_TEST_CASE(drops_unknown_faces_of_a_person_who_is_then_enrolled) {
    for (const auto& ignored : {std::set<std::string>{}, std::set<std::string>{ann}}) {
        LiveView live(9, hours(1));
        UnknownFaces unknown_faces(9, hours(1'000'000));
        unknown_faces.add(unknown_face("1", axis(0), 1));
        unknown_faces.add(unknown_face("2", axis(1), 2));
        Heartbeat heartbeat(Monotonic::now() - hours(1));
        GalleryFollower follower(live, unknown_faces, heartbeat, gallery_of({}));
        follower.update(gallery_of({{ann, axis(0)}}, ignored));
        BOOST_TEST(heartbeat.alive());  // update() beats, because comparing many faces takes long
        BOOST_TEST(unknown_faces.find({"1"}).empty());
        BOOST_TEST(unknown_faces.find({"2"}).size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(drops_results_and_faces_of_removed_people) {
    check_ann_is_forgotten(gallery_of({{bob, axis(1)}}));
}

BOOST_AUTO_TEST_CASE(drops_results_and_faces_of_people_who_become_ignored) {
    check_ann_is_forgotten(gallery_of({{ann, axis(0)}, {bob, axis(1)}}, {ann}));
}

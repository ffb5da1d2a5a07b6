// Tests of grouping tracks by person.
#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include <boost/test/unit_test.hpp>

#include "people/grouping.hpp"
#include "support/face_sets.hpp"

using namespace facebus;
using namespace facebus::people;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::embedding_of;
using facebus::test::face;

namespace {

/// Scores are cosine similarities.
const gallery::ScoreSpace plain;

constexpr std::int64_t second = 1'000'000'000;

TrackFace track_face(const Embedding& face, std::int64_t from, std::int64_t to,
                     std::size_t video = 0) {
    return {.face = face, .video = video, .from = from * second, .to = to * second};
}

/// Groups of tracks. Each track is identified by its start time in seconds.
using Groups = std::set<std::set<std::int64_t>>;

/// Groups the tracks by person. Returns equal results for equal groups, whatever the order of
/// `tracks`.
Groups groups_of(const std::vector<TrackFace>& tracks) {
    Groups all;
    for (const auto& group : group_by_person(tracks, plain)) {
        std::set<std::int64_t> begins;
        for (const auto index : group) begins.insert(tracks[index].from / second);
        all.insert(begins);
    }
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(returns_no_group_without_tracks) {
    BOOST_TEST(group_by_person({}, plain).empty());
}

BOOST_AUTO_TEST_CASE(groups_the_tracks_of_one_person) {
    const auto groups = group_by_person(
        {track_face(embedding_of(1, 1, 0.9F), 0, 1), track_face(embedding_of(2, 1, 0.9F), 2, 3),
         track_face(embedding_of(1, 2, 0.9F), 4, 5), track_face(embedding_of(1, 3, 0.9F), 0, 9, 1)},
        plain);
    BOOST_TEST_REQUIRE(groups.size() == 2U);
    const std::vector<std::size_t> first{0, 2, 3};
    BOOST_TEST(groups[0] == first, boost::test_tools::per_element());
    BOOST_TEST(groups[1].front() == 1U);
}

BOOST_AUTO_TEST_CASE(joins_tracks_only_above_the_minimum_similarity) {
    const auto minimum = static_cast<float>(same_person_score(plain));
    BOOST_TEST(
        group_by_person(
            {track_face(axis(0), 0, 1), track_face(between(0, 1, minimum + 0.01F), 2, 3)}, plain)
            .size() == 1U);
    BOOST_TEST(
        group_by_person(
            {track_face(axis(0), 0, 1), track_face(between(0, 1, minimum - 0.01F), 2, 3)}, plain)
            .size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_minimum_score_is_that_of_the_cohort) {
    std::vector<double> scores{same_person_score(plain)};
    for (const auto& cohort : gallery::shipped_cohorts()) {
        scores.push_back(same_person_score(gallery::ScoreSpace(cohort)));
    }
    const std::vector<double> expected{0.5, 0.18, 0.138};
    BOOST_REQUIRE(scores.size() == expected.size());
    for (std::size_t i = 0; i < scores.size(); ++i) {
        BOOST_TEST(std::abs(scores[i] - expected[i]) < 0.002);
    }
}

BOOST_AUTO_TEST_CASE(never_joins_tracks_that_are_visible_together) {
    BOOST_TEST(
        group_by_person({track_face(face(1), 0, 5), track_face(face(1), 5, 9)}, plain).size() ==
        2U);
    BOOST_TEST(
        group_by_person({track_face(face(1), 0, 9), track_face(face(1), 3, 4)}, plain).size() ==
        2U);
    // Tracks in different videos, or at different times, can show the same person.
    BOOST_TEST(
        group_by_person({track_face(face(1), 0, 9), track_face(face(1), 3, 4, 1)}, plain).size() ==
        1U);
    BOOST_TEST(
        group_by_person({track_face(face(1), 0, 4), track_face(face(1), 5, 9)}, plain).size() ==
        1U);
}

BOOST_AUTO_TEST_CASE(tracks_that_are_visible_together_are_not_joined_through_other_tracks) {
    const std::vector<TrackFace> tracks{track_face(face(1), 0, 5), track_face(face(1), 3, 9),
                                        track_face(face(1), 10, 11),
                                        track_face(face(1), 12, 13, 1)};
    const auto groups = group_by_person(tracks, plain);
    BOOST_TEST(groups.size() == 2U);
    for (const auto& group : groups) {
        for (const auto i : group) {
            for (const auto k : group)
                BOOST_TEST((i == k || !visible_together(tracks[i], tracks[k])));
        }
    }
}

BOOST_AUTO_TEST_CASE(result_does_not_depend_on_the_order_of_the_tracks) {
    std::vector<TrackFace> tracks;
    tracks.reserve(43);
    for (std::uint32_t number = 0; number < 40; ++number) {
        // The similarity of two tracks of one person is about 0.72^2, close to the minimum. So the
        // result depends on the order in which groups are joined.
        tracks.push_back(
            track_face(embedding_of(number % 5, number, 0.72F), number, number + number % 3));
    }
    // The last track is equally similar to the two tracks before it, which are visible together.
    for (const auto from : {50, 53, 60}) tracks.push_back(track_face(face(9), from, from + 5));
    const auto expected = groups_of(tracks);
    BOOST_TEST(expected.size() > 5U);
    std::mt19937 random(7);
    for (int i = 0; i < 20; ++i) {
        std::ranges::shuffle(tracks, random);
        BOOST_TEST((groups_of(tracks) == expected));
    }
}

BOOST_AUTO_TEST_CASE(returns_people_in_order_of_appearance) {
    const auto groups = group_by_person({track_face(face(3), 1, 1, 1), track_face(face(2), 7, 8),
                                         track_face(face(1), 2, 3), track_face(face(2), 1, 1)},
                                        plain);
    BOOST_TEST_REQUIRE(groups.size() == 3U);
    const std::vector<std::size_t> first{3, 1};
    BOOST_TEST(groups[0] == first, boost::test_tools::per_element());
    BOOST_TEST(groups[1].front() == 2U);
    BOOST_TEST(groups[2].front() == 0U);
}

BOOST_AUTO_TEST_CASE(does_not_join_the_ends_of_a_chain_of_similar_faces) {
    // The angle between the embeddings of successive tracks is 37 degrees, which is a similarity of
    // 0.8. Embeddings 90 degrees apart have a similarity of 0.
    const auto at = [](double degrees) {
        Embedding embedding{};
        embedding[0] = static_cast<float>(std::cos(degrees / 57.29578));
        embedding[1] = static_cast<float>(std::sin(degrees / 57.29578));
        return embedding;
    };
    std::vector<TrackFace> chain;
    chain.reserve(5);
    for (const int from : {0, 10, 20, 30, 40}) {
        chain.push_back(track_face(at(3.7 * from), from, from + 1));
    }
    const auto groups = groups_of(chain);
    BOOST_TEST(groups.size() > 1U);
    for (const auto& group : groups) {
        BOOST_TEST((*group.rbegin() - *group.begin() <= 20), "the ends were joined");
    }
}

BOOST_AUTO_TEST_CASE(joins_the_most_similar_tracks_first) {
    // Tracks are identified by their start times in seconds. Track 0 has a similarity of 0.7 to
    // track 10 and of 0.9 to track 20. Tracks 10 and 20 are visible together.
    const std::vector<TrackFace> tracks{track_face(axis(0), 0, 1),
                                        track_face(between(0, 1, 0.7F), 10, 25),
                                        track_face(between(0, 2, 0.9F), 20, 21)};
    BOOST_TEST((groups_of(tracks) == Groups{{0, 20}, {10}}));
}

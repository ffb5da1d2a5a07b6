#include <algorithm>
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "gallery/snapshot.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::face;

namespace {

Sample enrolled(const std::string& subject, const std::string& id, const Embedding& embedding,
                const std::string& model = "m") {
    Sample sample = test::sample(embedding, "x.jpg", model);
    sample.id = id;
    sample.subject_id = subject;
    return sample;
}

constexpr auto near = [](float a, float b) { return std::abs(a - b) < 1e-5F; };

}  // namespace

BOOST_AUTO_TEST_CASE(an_empty_gallery_matches_nobody) {
    const Match match = Snapshot{}.match(axis(0));
    BOOST_TEST(!match.best);
    BOOST_TEST(!match.runner_up);
    BOOST_TEST(Snapshot{}.version() == "0-0");
}

BOOST_AUTO_TEST_CASE(the_most_similar_subject_and_the_next_are_found) {
    const Snapshot snapshot(
        "m", {{"1", "Anna", 0}, {"2", "Bert", 0}, {"3", "Cleo", 0}},
        {enrolled("1", "s1", between(0, 10, 0.2F)), enrolled("2", "s2", between(0, 11, 0.9F)),
         enrolled("3", "s3", between(0, 12, 0.6F))},
        "5-1");
    const Match match = snapshot.match(axis(0));
    BOOST_REQUIRE(match.best);
    BOOST_TEST(match.best->name == "Bert");
    BOOST_TEST(match.best->subject_id == "2");
    BOOST_TEST(near(match.best->similarity, 0.9F));
    BOOST_REQUIRE(match.runner_up);
    BOOST_TEST(match.runner_up->name == "Cleo");
    BOOST_TEST(near(match.runner_up->similarity, 0.6F));
    BOOST_TEST(snapshot.version() == "5-1");
}

BOOST_AUTO_TEST_CASE(a_score_is_the_mean_of_the_best_three_samples) {
    const Snapshot snapshot(
        "m", {{"1", "Anna", 0}},
        {enrolled("1", "low", between(0, 10, 0.1F)), enrolled("1", "third", between(0, 11, 0.5F)),
         enrolled("1", "first", between(0, 12, 0.9F)),
         enrolled("1", "lower", between(0, 13, -0.4F)),
         enrolled("1", "second", between(0, 14, 0.7F))},
        "1-0");
    const Match match = snapshot.match(axis(0));
    BOOST_REQUIRE(match.best);
    BOOST_TEST(near(match.best->similarity, 0.7F));
    const std::vector<std::string> expected{"first", "second", "third"};
    BOOST_TEST(match.best->samples == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(fewer_than_three_samples_give_the_mean_of_all) {
    const Snapshot snapshot(
        "m", {{"1", "Anna", 0}},
        {enrolled("1", "a", between(0, 10, 0.2F)), enrolled("1", "b", between(0, 11, 0.6F))},
        "1-0");
    BOOST_TEST(near(snapshot.match(axis(0)).best->similarity, 0.4F));
}

BOOST_AUTO_TEST_CASE(of_equal_subjects_the_lower_id_comes_first_in_any_order_of_loading) {
    std::vector<Subject> subjects{{"3", "C", 0}, {"1", "A", 0}, {"2", "B", 0}};
    std::vector<Sample> samples{enrolled("3", "s3", axis(0)), enrolled("1", "s1", axis(0)),
                                enrolled("2", "s2", axis(0))};
    std::sort(samples.begin(), samples.end(),
              [](const Sample& a, const Sample& b) { return a.id < b.id; });
    do {
        const Match match = Snapshot("m", subjects, samples, "1-0").match(axis(0));
        BOOST_TEST(match.best->subject_id == "1");
        BOOST_TEST(match.runner_up->subject_id == "2");
    } while (std::next_permutation(samples.begin(), samples.end(),
                                   [](const Sample& a, const Sample& b) { return a.id < b.id; }));
}

BOOST_AUTO_TEST_CASE(of_equal_samples_the_lower_id_comes_first) {
    std::vector<Sample> samples;
    for (const char* id : {"e", "b", "d", "a", "c"}) samples.push_back(enrolled("1", id, axis(0)));
    const Match match = Snapshot("m", {{"1", "A", 0}}, samples, "1-0").match(axis(0));
    const std::vector<std::string> expected{"a", "b", "c"};
    BOOST_TEST(match.best->samples == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(samples_of_another_model_are_left_out_and_counted) {
    const Snapshot snapshot("m", {{"1", "Anna", 0}},
                            {enrolled("1", "a", axis(0)), enrolled("1", "b", axis(0), "old"),
                             enrolled("1", "c", axis(0), "old")},
                            "1-0", 7);
    BOOST_TEST(snapshot.samples() == 1U);
    BOOST_TEST(snapshot.foreign_samples() == 2U);
    BOOST_TEST(snapshot.damaged_samples() == 7U);
    BOOST_TEST(snapshot.match(axis(0)).best->samples.size() == 1U);
}

BOOST_AUTO_TEST_CASE(samples_of_no_listed_subject_are_left_out) {
    const Snapshot snapshot(
        "m", {{"2", "Anna", 0}},
        {enrolled("1", "a", axis(0)), enrolled("2", "b", axis(1)), enrolled("3", "c", axis(0))},
        "1-0");
    BOOST_TEST(snapshot.samples() == 1U);
    BOOST_TEST(snapshot.match(axis(0)).best->subject_id == "2");
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(a_subject_without_samples_is_no_candidate) {
    const Snapshot snapshot("m", {{"1", "Anna", 0}, {"2", "Bert", 0}},
                            {enrolled("2", "b", axis(1))}, "1-0");
    BOOST_TEST(snapshot.subjects() == 2U);
    BOOST_TEST(snapshot.match(axis(0)).best->subject_id == "2");
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(subjects_and_samples_told_twice_count_once) {
    const Snapshot snapshot(
        "m", {{"1", "Anna", 0}, {"1", "Anna", 0}},
        {enrolled("1", "a", axis(0)), enrolled("1", "a", axis(0)), enrolled("1", "b", axis(1))},
        "1-0");
    BOOST_TEST(snapshot.subjects() == 1U);
    BOOST_TEST(snapshot.samples() == 2U);
    BOOST_TEST(!snapshot.match(axis(0)).runner_up);
}

BOOST_AUTO_TEST_CASE(every_one_of_a_thousand_faces_finds_itself) {
    std::vector<Subject> subjects;
    std::vector<Sample> samples;
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const std::string id = std::to_string(i);
        subjects.push_back({id, "n" + id, 0});
        samples.push_back(enrolled(id, "s" + id, face(i)));
    }
    const Snapshot snapshot("m", subjects, samples, "1-0");
    for (std::uint32_t i = 0; i < 1000; ++i) {
        const Match match = snapshot.match(face(i));
        BOOST_TEST(match.best->subject_id == std::to_string(i));
        BOOST_TEST(near(match.best->similarity, similarity(face(i), face(i))));
        BOOST_TEST(match.best->similarity <= 1.0F);
    }
}

BOOST_AUTO_TEST_CASE(a_sample_can_be_left_out_and_with_it_a_subject_that_has_no_other) {
    const Snapshot snapshot(
        "m", {{"1", "Anna", 0}, {"2", "Bert", 0}},
        {enrolled("1", "a", between(0, 10, 0.9F)), enrolled("1", "b", between(0, 11, 0.5F)),
         enrolled("2", "c", between(0, 12, 0.6F))},
        "5-1");
    BOOST_TEST(snapshot.row(0).subject.name == "Anna");
    BOOST_TEST(snapshot.row(2).subject.name == "Bert");
    BOOST_TEST(near(snapshot.row(1).embedding[0], 0.5F));
    const auto without_a = snapshot.match_without(axis(0), 0);
    BOOST_TEST(without_a.best->name == "Bert");
    BOOST_TEST(near(without_a.runner_up->similarity, 0.5F));
    const auto without_bert = snapshot.match_without(axis(0), 2);
    BOOST_TEST(without_bert.best->name == "Anna");
    BOOST_TEST(!without_bert.runner_up);
}

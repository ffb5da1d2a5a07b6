// Tests of finding people who are enrolled twice.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/duplicates.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;

namespace {

constexpr Policy policy{.threshold = 0.5F,
                        .growth = 0,
                        .early = 0.1F,
                        .min_probes = 2,
                        .margin = 0.05F,
                        .min_quality = 0.3F,
                        .slope = 20,
                        .offset = -8};

/// Builds a gallery of subjects named after their letters.
struct People {
    std::vector<Subject> subjects{};
    std::vector<Sample> samples{};

    People& add(const std::string& name, const std::vector<Embedding>& faces) {
        subjects.push_back({test::id(name), name, 0});
        for (const auto& face : faces) {
            Sample sample = test::sample(face);
            sample.id = test::id("s" + std::to_string(samples.size()));
            sample.subject_id = test::id(name);
            samples.push_back(sample);
        }
        return *this;
    }
    [[nodiscard]] Snapshot gallery() const { return {"model-1", subjects, samples, "1-0"}; }
};

std::vector<std::string> pairs(const Snapshot& gallery) {
    std::vector<std::string> all;
    for (const auto& pair : find_duplicates(gallery, policy)) {
        all.push_back(pair.first.name + pair.second.name);
    }
    return all;
}

using Strings = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(lists_each_pair_of_similar_subjects_once_most_similar_first) {
    People people;
    people.add("a", {axis(0)}).add("b", {axis(1)}).add("c", {between(0, 10, 0.7F)});
    people.add("d", {between(1, 11, 0.9F)}).add("e", {}).add("f", {axis(5)});
    BOOST_TEST(pairs(people.gallery()) == (Strings{"bd", "ac"}), boost::test_tools::per_element());
    BOOST_TEST(std::abs(find_duplicates(people.gallery(), policy)[1].similarity - 0.7F) < 1e-3F);
}

BOOST_AUTO_TEST_CASE(requires_the_higher_early_threshold_of_a_subject_with_a_single_sample) {
    const auto found = [](std::size_t samples) {
        People people;
        people.add("a", {axis(0)});
        people.add("b", std::vector<Embedding>(samples, between(0, 10, 0.55F)));
        return pairs(people.gallery()).size();
    };
    BOOST_TEST(found(1) == 0U);
    BOOST_TEST(found(2) == 1U);
}

BOOST_AUTO_TEST_CASE(finds_all_pairs_of_a_person_who_is_enrolled_under_three_names) {
    People people;
    for (const char* name : {"a", "b", "c"}) people.add(name, {axis(0)});
    BOOST_TEST(pairs(people.gallery()) == (Strings{"ab", "ac", "bc"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(searches_once_per_subject_with_samples_and_stops_on_request) {
    People people;
    for (int i = 0; i < 100; ++i) people.add("p" + std::to_string(i), {axis(0)});
    people.add("empty", {});
    int steps = 0;
    BOOST_TEST(!find_duplicates(people.gallery(), policy, [&] { return ++steps > 0; }).empty());
    BOOST_TEST(steps == 100);
    BOOST_TEST(find_duplicates(people.gallery(), policy, [] { return false; }).empty());
    BOOST_TEST(find_duplicates(Snapshot{}, policy).empty());
}

BOOST_AUTO_TEST_CASE(a_new_face_belongs_to_another_subject_if_it_would_be_recognised_as_that_one) {
    People people;
    people.add("a", {axis(0)}).add("b", {axis(1)});
    const auto other = [&](const Embedding& face, const std::string& subject) {
        const auto found = find_other_subject(face, subject.empty() ? subject : test::id(subject),
                                              people.gallery(), policy);
        return found ? found->name : std::string("-");
    };
    BOOST_TEST(other(between(0, 10, 0.61F), "") == "a");
    BOOST_TEST(other(between(0, 10, 0.61F), "b") == "a");
    BOOST_TEST(other(between(0, 10, 0.61F), "a") == "-");
    // One face has to reach the early threshold.
    BOOST_TEST(other(between(0, 10, 0.59F), "") == "-");
    // About equally similar to both: the face may well show the subject that it is added to.
    BOOST_TEST(other(between(0, 1, 0.60F), "a") == "b");
    BOOST_TEST(other(between(0, 1, 0.706F), "a") == "-");
    BOOST_TEST(other(between(0, 1, 0.706F), "") == "b");
}

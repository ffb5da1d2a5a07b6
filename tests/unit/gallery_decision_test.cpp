// Tests of the open-set decision.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/decision.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::probe;

namespace {

Sample sample_of(const std::string& subject, const Embedding& embedding) {
    Sample sample = test::sample(embedding);
    sample.id = test::id(subject + "-1");
    sample.subject_id = test::id(subject);
    return sample;
}

/// Returns a gallery with Anna, whose sample is axis 0, and Bert, whose sample is axis 1.
Snapshot two_people() {
    return {"model-1",
            {{test::id("a"), "Anna", 0}, {test::id("b"), "Bert", 0}},
            {sample_of("a", axis(0)), sample_of("b", axis(1))},
            "1-0"};
}

Snapshot anna_alone() {
    return {"model-1", {{test::id("a"), "Anna", 0}}, {sample_of("a", axis(0))}, "1-0"};
}

/// Returns an embedding with the given similarities to Anna and Bert.
Embedding similar_to(float anna, float bert) {
    Embedding embedding{};
    embedding[0] = anna;
    embedding[1] = bert;
    embedding[2] = std::sqrt(1 - anna * anna - bert * bert);
    return embedding;
}

/// Policy that requires a single good face, so that each rule can be tested alone.
constexpr Policy plain{.threshold = 0.5F,
                       .growth = 0,
                       .early = 0,
                       .min_probes = 1,
                       .margin = 0.06F,
                       .min_quality = 0.3F,
                       .slope = 20,
                       .offset = -8};

Decision decide_one(const Embedding& embedding, const Snapshot& snapshot, float quality = 0.9F) {
    return decide({probe("p", embedding, quality)}, snapshot, plain);
}

}  // namespace

BOOST_AUTO_TEST_CASE(face_above_the_threshold_and_with_enough_margin_is_known) {
    const Decision decision = decide_one(similar_to(0.7F, 0.2F), two_people());
    BOOST_TEST((decision.verdict == Verdict::known));
    BOOST_REQUIRE(decision.match.best);
    BOOST_TEST(decision.match.best->name == "Anna");
    BOOST_REQUIRE(decision.match.runner_up);
    BOOST_TEST(decision.match.runner_up->name == "Bert");
    BOOST_TEST(decision.margin == 0.5F, boost::test_tools::tolerance(1e-4F));
}

BOOST_AUTO_TEST_CASE(face_below_the_threshold_is_unknown) {
    BOOST_TEST((decide_one(similar_to(0.49F, 0), two_people()).verdict == Verdict::unknown));
    BOOST_TEST((decide_one(similar_to(0.51F, 0), two_people()).verdict == Verdict::known));
}

BOOST_AUTO_TEST_CASE(face_similar_to_two_people_is_ambiguous_however_many_probes_there_are) {
    for (const std::size_t probes : {1U, 2U, 20U}) {
        const std::vector<Probe> seen(probes, probe("p", similar_to(0.60F, 0.55F), 0.9F));
        const Decision decision = decide(seen, two_people(), plain);
        BOOST_TEST((decision.verdict == Verdict::undecided));
        BOOST_TEST(decision.ambiguous);
        BOOST_TEST(!decision.ignored);
    }
    const Decision clear = decide_one(similar_to(0.60F, 0.53F), two_people());
    BOOST_TEST((clear.verdict == Verdict::known));
    BOOST_TEST(!clear.ambiguous);
}

BOOST_AUTO_TEST_CASE(face_below_the_threshold_is_unknown_although_two_people_are_as_similar) {
    const Decision decision = decide_one(similar_to(0.49F, 0.48F), two_people());
    BOOST_TEST((decision.verdict == Verdict::unknown));
    BOOST_TEST(!decision.ambiguous);
}

BOOST_AUTO_TEST_CASE(ambiguous_face_is_ignored_only_if_both_people_are_ignored) {
    const auto ignored = [](bool anna, bool bert) {
        const Snapshot gallery{"model-1",
                               {{test::id("a"), "Anna", 0, anna}, {test::id("b"), "Bert", 0, bert}},
                               {sample_of("a", axis(0)), sample_of("b", axis(1))},
                               "1-0"};
        return decide_one(similar_to(0.60F, 0.55F), gallery).ignored;
    };
    BOOST_TEST(ignored(true, true));
    BOOST_TEST(!ignored(true, false));
    BOOST_TEST(!ignored(false, true));
}

BOOST_AUTO_TEST_CASE(unknown_face_still_has_a_best_match) {
    const Decision decision = decide_one(similar_to(0.3F, 0.1F), two_people());
    BOOST_TEST((decision.verdict == Verdict::unknown));
    BOOST_REQUIRE(decision.match.best);
    BOOST_TEST(decision.match.best->name == "Anna");
}

BOOST_AUTO_TEST_CASE(margin_does_not_apply_to_a_single_subject) {
    Policy policy = plain;
    policy.margin = 0.9F;
    const Decision decision = decide({probe("p", similar_to(0.6F, 0), 0.9F)}, anna_alone(), policy);
    BOOST_TEST((decision.verdict == Verdict::known));
    BOOST_TEST(!decision.match.runner_up);
    BOOST_TEST(decision.margin == 0.6F, boost::test_tools::tolerance(1e-4F));
}

BOOST_AUTO_TEST_CASE(track_with_only_poor_probes_is_undecided_even_at_similarity_1) {
    const Decision decision = decide_one(axis(0), two_people(), 0.29F);
    BOOST_TEST((decision.verdict == Verdict::undecided));
    BOOST_REQUIRE(decision.match.best);
    BOOST_TEST(decision.match.best->name == "Anna");
}

BOOST_AUTO_TEST_CASE(unknown_person_with_only_a_poor_probe_is_undecided) {
    BOOST_TEST((decide_one(axis(5), two_people(), 0.1F).verdict == Verdict::undecided));
}

BOOST_AUTO_TEST_CASE(blurred_tiny_or_turned_faces_make_a_track_known_but_never_unknown) {
    const auto verdict = [](const Embedding& face, float quality, std::size_t probes) {
        return decide(std::vector<Probe>(probes, probe("p", face, quality)), two_people(), plain)
            .verdict;
    };
    for (const std::size_t probes : {1U, 2U, 20U}) {
        BOOST_TEST((verdict(axis(0), 0.5F, probes) == Verdict::known));
        BOOST_TEST((verdict(axis(5), 0.5F, probes) == Verdict::undecided));
        BOOST_TEST((verdict(axis(5), 0.6F, probes) == Verdict::unknown));
    }
}

BOOST_AUTO_TEST_CASE(probe_with_exactly_the_minimum_quality_is_good) {
    BOOST_TEST((decide_one(axis(0), two_people(), 0.3F).verdict == Verdict::known));
}

BOOST_AUTO_TEST_CASE(omits_poor_probes_if_there_is_a_good_probe) {
    const std::vector<Probe> probes{probe("1", axis(1), 0.29F), probe("2", axis(1), 0.29F),
                                    probe("3", axis(0), 0.31F)};
    const Decision decision = decide(probes, two_people(), plain);
    BOOST_TEST((decision.verdict == Verdict::known));
    BOOST_TEST(decision.match.best->name == "Anna");
    BOOST_TEST(decision.match.best->similarity == 1.0F);
}

BOOST_AUTO_TEST_CASE(everybody_is_unknown_in_an_empty_gallery) {
    const Decision decision = decide_one(axis(0), Snapshot{});
    BOOST_TEST((decision.verdict == Verdict::unknown));
    BOOST_TEST(!decision.match.best);
    BOOST_TEST(decision.probability == 0);
    BOOST_TEST(decision.margin == 0);
}

BOOST_AUTO_TEST_CASE(track_without_probes_is_undecided) {
    const Decision decision = decide({}, two_people(), plain);
    BOOST_TEST((decision.verdict == Verdict::undecided));
    BOOST_TEST(!decision.match.best);
}

BOOST_AUTO_TEST_CASE(computes_the_probability_from_similarity_slope_offset_and_number_of_subjects) {
    Policy policy = plain;
    policy.slope = 10;
    policy.offset = -5;
    const auto at = [&](float similarity) {
        return decide({probe("p", similar_to(similarity, 0), 0.9F)}, two_people(), policy)
            .probability;
    };
    BOOST_TEST(at(0.5F) == 1 / (1 + std::exp(std::log(2.0))), boost::test_tools::tolerance(1e-4));
    BOOST_TEST(at(0.7F) == 1 / (1 + std::exp(-2.0 + std::log(2.0))),
               boost::test_tools::tolerance(1e-4));
    BOOST_TEST(at(0.1F) == 1 / (1 + std::exp(4.0 + std::log(2.0))),
               boost::test_tools::tolerance(1e-4));
}

BOOST_AUTO_TEST_CASE(fused_probes_can_be_known_although_a_single_probe_is_not) {
    const std::vector<Probe> probes{probe("1", between(0, 2, 0.45F), 0.9F),
                                    probe("2", between(0, 3, 0.45F), 0.9F),
                                    probe("3", between(0, 4, 0.45F), 0.9F)};
    BOOST_TEST((decide({probes[0]}, two_people(), plain).verdict == Verdict::unknown));
    BOOST_TEST((decide(probes, two_people(), plain).verdict == Verdict::known));
}

BOOST_AUTO_TEST_CASE(unknown_requires_enough_good_probes) {
    Policy policy = plain;
    policy.min_probes = 2;
    const Probe first = probe("1", axis(5), 0.9F);
    const Probe poor = probe("2", axis(5), 0.1F);
    const Probe second = probe("3", axis(5), 0.9F);
    BOOST_TEST((decide({first}, two_people(), policy).verdict == Verdict::undecided));
    BOOST_TEST((decide({first, poor}, two_people(), policy).verdict == Verdict::undecided));
    BOOST_TEST((decide({first, poor, second}, two_people(), policy).verdict == Verdict::unknown));
}

BOOST_AUTO_TEST_CASE(known_requires_a_higher_similarity_until_min_probes_good_faces_are_seen) {
    Policy policy = plain;
    policy.min_probes = 2;
    policy.early = 0.1F;
    const auto face = [](const char* id, float anna) {
        return probe(id, similar_to(anna, 0), 0.9F);
    };
    BOOST_TEST((decide({face("1", 0.61F)}, two_people(), policy).verdict == Verdict::known));
    BOOST_TEST((decide({face("1", 0.55F)}, two_people(), policy).verdict == Verdict::undecided));
    const Decision later = decide({face("1", 0.55F), face("2", 0.55F)}, two_people(), policy);
    BOOST_TEST((later.verdict == Verdict::known));
    BOOST_TEST(later.threshold == 0.5F);
}

BOOST_AUTO_TEST_CASE(threshold_grows_with_the_gallery) {
    Policy policy = plain;
    policy.growth = 0.1F;
    const auto tolerance = boost::test_tools::tolerance(1e-4F);
    BOOST_TEST(effective_threshold(policy, 0, 5) == 0.5F, tolerance);
    BOOST_TEST(effective_threshold(policy, 10, 5) == 0.5F, tolerance);
    BOOST_TEST(effective_threshold(policy, 100, 5) == 0.6F, tolerance);
    BOOST_TEST(effective_threshold(policy, 100'000, 5) == 0.9F, tolerance);
}

BOOST_AUTO_TEST_CASE(margin_is_cleared_if_the_runner_up_is_far_enough_below_or_missing) {
    const auto match = two_people().match(similar_to(0.60F, 0.50F));
    BOOST_TEST(clears_margin(match, 0.09F));
    BOOST_TEST(!clears_margin(match, 0.11F));
    BOOST_TEST(clears_margin(anna_alone().match(similar_to(0.1F, 0)), 0.5F));
}

BOOST_AUTO_TEST_CASE(track_of_an_ignored_subject_is_ignored_even_before_it_is_known) {
    const Snapshot gallery{"model-1",
                           {{test::id("a"), "Anna", 0, true}, {test::id("b"), "Bert", 0}},
                           {sample_of("a", axis(0)), sample_of("b", axis(1))},
                           "1-0"};
    Policy policy = plain;
    policy.min_probes = 2;
    policy.early = 0.2F;
    const auto ignored = [&](const Embedding& seen, float quality = 0.9F) {
        return decide({probe("p", seen, quality)}, gallery, policy).ignored;
    };
    BOOST_TEST(ignored(similar_to(0.9F, 0.1F)));         // known
    BOOST_TEST(ignored(similar_to(0.6F, 0.1F)));         // known after a second face like this
    BOOST_TEST(!ignored(similar_to(0.4F, 0.1F)));        // an unknown person
    BOOST_TEST(!ignored(similar_to(0.6F, 0.58F)));       // margin too small
    BOOST_TEST(!ignored(similar_to(0.1F, 0.9F)));        // Bert
    BOOST_TEST(!ignored(similar_to(0.9F, 0.1F), 0.1F));  // too poor to decide
}

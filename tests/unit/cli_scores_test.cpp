// Tests of score histograms and of the error rates computed from them.
#include <boost/test/unit_test.hpp>

#include "cli/evaluation/scores.hpp"

using namespace facebus::cli;

namespace {

ScoreCounts scores(std::initializer_list<float> values) {
    ScoreCounts counts;
    for (const float value : values) counts.add(value);
    return counts;
}

const auto nearly = boost::test_tools::tolerance(1e-4);

}  // namespace

BOOST_AUTO_TEST_CASE(counts_scores_at_or_above_a_threshold) {
    const auto counts = scores({-1, 0.25F, 0.5F, 0.5F, 1});
    BOOST_TEST(counts.total() == 5U);
    BOOST_TEST(counts.at_least(-1) == 5U);
    BOOST_TEST(counts.at_least(0.5) == 3U);
    BOOST_TEST(counts.at_least(0.5001) == 1U);
    BOOST_TEST(scores({-5, 7}).at_least(1) == 1U);
}

BOOST_AUTO_TEST_CASE(accepts_at_most_the_given_share_of_impostor_scores) {
    const auto genuine = scores({0.9F, 0.8F, 0.55F, 0.3F});
    const auto impostor = scores({0.6F, 0.5F, 0.4F, 0.2F, 0.1F, 0, 0, 0, 0, 0});
    const auto one = at_false_accepts(genuine, impostor, 0.1);
    BOOST_REQUIRE(one);
    BOOST_TEST(one->false_accepts == 0.1, nearly);
    // Only the impostor score 0.6 may be accepted, so the threshold is above 0.5. The lowest score
    // above 0.5 is the genuine score 0.55.
    BOOST_TEST(one->true_accepts == 0.75, nearly);
    BOOST_TEST(one->threshold == 0.55, nearly);
    const auto three = at_false_accepts(genuine, impostor, 0.3);
    BOOST_TEST(three->true_accepts == 1, nearly);
    BOOST_TEST(three->threshold == 0.3, nearly);
}

BOOST_AUTO_TEST_CASE(accepts_either_all_or_none_of_several_equal_scores) {
    const auto point = at_false_accepts(scores({0.5F}), scores({0.5F, 0.5F, 0.1F, 0}), 0.25);
    BOOST_TEST(point->false_accepts == 0);
    BOOST_TEST(point->true_accepts == 0);
}

BOOST_AUTO_TEST_CASE(returns_nothing_if_there_are_too_few_impostor_scores) {
    BOOST_TEST(!at_false_accepts(scores({0.9F}), scores({0.1F, 0.2F}), 0.01));
    BOOST_TEST(!at_false_accepts(scores({}), scores({}), 0.01));
}

BOOST_AUTO_TEST_CASE(last_point_of_the_curve_accepts_all_scores) {
    const auto points = curve(scores({0.9F, 0.3F}), scores({0.5F, 0.1F}));
    BOOST_REQUIRE(points.size() == 4U);
    BOOST_TEST(points.front().threshold == 0.9, nearly);
    BOOST_TEST(points.front().true_accepts == 0.5);
    BOOST_TEST(points.front().false_accepts == 0);
    BOOST_TEST(points.back().true_accepts == 1);
    BOOST_TEST(points.back().false_accepts == 1);
}

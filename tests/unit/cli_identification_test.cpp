// Tests open-set identification of `facebus evaluate`, and that it refuses to fit a cohort if there
// are too few people or images. The suite cli_cohort tests fitting, which is slow.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "cli/evaluation/calibration_check.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/identification.hpp"
#include "cli/evaluation/people.hpp"
#include "support/face_sets.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

IdentificationOptions options() {
    return {.samples = {1, 3}, .probes = {1, 3}, .trials = 20, .margin = 0.05F};
}

IdentificationReport identify_all(const FaceSet& set) {
    std::size_t steps = 0;
    const auto report = identify(set, options(), [&] { ++steps; });
    BOOST_TEST(steps == report.trials);
    return report;
}

}  // namespace

BOOST_AUTO_TEST_CASE(identifies_all_people_with_distinct_faces_at_an_fpir_of_one_percent) {
    const auto report = identify_all(test::face_set(20, 6, 0.95F));
    BOOST_TEST(report.enrolled == 10U);
    BOOST_TEST(report.mated == 10U);
    BOOST_TEST(report.impostors == 10U);
    BOOST_REQUIRE(report.results.size() == 4U);
    for (const auto& result : report.results) {
        BOOST_TEST(result.mated.total() == 200U);
        BOOST_TEST(result.impostors.total() == 200U);
        BOOST_TEST(result.rank_one == 1);
        BOOST_REQUIRE(result.at(0.01));
        BOOST_TEST(result.at(0.01)->true_accepts == 1);
        BOOST_TEST(!result.at(0.001));
    }
}

BOOST_AUTO_TEST_CASE(more_samples_and_probes_identify_people_better_if_their_images_differ_much) {
    const auto report = identify_all(test::face_set(60, 6, 0.33F));
    const auto missed = [&](std::size_t i) { return 1 - report.results[i].at(0.01)->true_accepts; };
    BOOST_TEST(report.results[0].samples == 1U);
    BOOST_TEST(report.results[0].probes == 1U);
    BOOST_TEST(report.results[3].samples == 3U);
    BOOST_TEST(report.results[3].probes == 3U);
    BOOST_TEST(missed(0) > 0.5);
    BOOST_TEST(missed(3) < 0.6 * missed(0));
    BOOST_TEST(report.results[3].rank_one > report.results[0].rank_one);
}

BOOST_AUTO_TEST_CASE(compares_scores_with_similarities_on_the_same_searches) {
    auto with_folds = options();
    with_folds.folds = 2;
    const auto report = identify(test::face_set(240, 6, 0.5F), with_folds, [] {});
    BOOST_REQUIRE(report.results.size() == 4U);
    for (const auto& result : report.results) {
        BOOST_TEST(result.enrolled == 60U);
        const auto found = result.compare(0.01);
        BOOST_REQUIRE(found);
        BOOST_TEST(std::abs(found->score - (1 - result.at(0.01)->true_accepts)) < 0.02);
        // These faces are random, so no face resembles many others and both measures are as good.
        BOOST_TEST(std::abs(found->score - found->cosine) < 0.1);
        BOOST_TEST(found->reduction.low <= found->reduction.high);
        BOOST_TEST(!result.compare(1e-9));
    }
}

BOOST_AUTO_TEST_CASE(returns_no_results_for_too_few_people_or_images) {
    BOOST_TEST(identify_all(test::face_set(3, 6)).results.empty());
    BOOST_TEST(identify_all(test::face_set(4, 5)).results.empty());
    BOOST_TEST(identify_all({}).results.empty());
}

BOOST_AUTO_TEST_CASE(refuses_to_fit_a_cohort_if_there_are_too_few_people_or_images) {
    for (const auto& few : {test::face_set(99, 4), test::face_set(100, 1)}) {
        const auto failed = fit_cohort(people_of(few), "m");
        BOOST_REQUIRE(!failed);
        BOOST_TEST((failed.error().kind == ErrorKind::refused));
    }
}

BOOST_AUTO_TEST_CASE(skips_the_calibration_check_for_too_few_people_or_images) {
    // Half of these people are too few to fit a cohort.
    for (const auto& few : {test::face_set(8, 6), test::face_set(198, 2)}) {
        const auto check =
            check_calibration(few, {}, {0.02}, 5, [] { BOOST_ERROR("ran a trial"); });
        BOOST_TEST(check.trials == 0U);
    }
}

// Tests open-set identification, cohorts and the calibration check of `facebus evaluate`.
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

CalibrationCheck run_check(const FaceSet& set) {
    std::size_t steps = 0;
    const auto check = check_calibration(set, {}, 0.02, 5, [&] { ++steps; });
    BOOST_TEST(steps == check.trials);
    return check;
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

BOOST_AUTO_TEST_CASE(identifies_people_with_similar_faces_better_with_more_samples_and_probes) {
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

BOOST_AUTO_TEST_CASE(returns_no_results_for_too_few_people_or_images) {
    BOOST_TEST(identify_all(test::face_set(3, 6)).results.empty());
    BOOST_TEST(identify_all(test::face_set(50, 3)).results.empty());
    BOOST_TEST(identify_all({}).results.empty());
}

BOOST_AUTO_TEST_CASE(fits_a_cohort_to_labelled_people) {
    const auto set = test::face_set(120, 6, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_REQUIRE(cohort);
    BOOST_TEST(cohort->people == 120U);
    BOOST_TEST(cohort->images == 720U);
    BOOST_TEST(cohort->model_id == "model-1");
    BOOST_TEST(cohort->genuine.size() == 9U);
    // Each image has a similarity of 0.8 to the mean of its person, so two images have 0.8^2.
    BOOST_TEST(std::abs(cohort->genuine.front().mean - 0.64) < 0.05);
    BOOST_TEST(std::abs(cohort->tail - 1) < 0.3);
    BOOST_TEST(gallery::read_cohort(gallery::write_cohort(*cohort)).has_value());
}

BOOST_AUTO_TEST_CASE(
    omits_combinations_without_enough_images_and_fails_for_too_few_people_or_images) {
    const auto set = test::face_set(120, 4, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_REQUIRE(cohort);
    BOOST_TEST(cohort->genuine.size() == 6U);  // samples + probes is at most 4
    BOOST_TEST(gallery::read_cohort(gallery::write_cohort(*cohort)).has_value());
    for (const auto& few : {test::face_set(50, 6), test::face_set(150, 3)}) {
        const auto failed = fit_cohort(people_of(few), "m");
        BOOST_REQUIRE(!failed);
        BOOST_TEST((failed.error().kind == ErrorKind::refused));
    }
}

BOOST_AUTO_TEST_CASE(stays_near_the_target_fpir_for_people_outside_the_cohort) {
    const auto check = run_check(test::face_set(200, 6, 0.7F));
    BOOST_TEST(check.trials == 10U);
    BOOST_TEST(check.impostors == 500U);
    BOOST_TEST(static_cast<double>(check.impostors_named) <=
               0.03 * static_cast<double>(check.impostors));
    BOOST_TEST(check.mated_named == check.mated);
}

BOOST_AUTO_TEST_CASE(skips_the_calibration_check_for_too_few_people_or_images) {
    BOOST_TEST(run_check(test::face_set(50, 6)).trials == 0U);
    BOOST_TEST(run_check(test::face_set(250, 3)).trials == 0U);
    BOOST_TEST(run_check(test::face_set(250, 4)).trials == 0U);
}

#define BOOST_TEST_MODULE cli_identification
#include <boost/test/unit_test.hpp>

#include "cli/evaluation/calibration_check.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/identification.hpp"
#include "support/face_sets.hpp"

using namespace facebus;
using namespace facebus::cli;

namespace {

IdentificationOptions options() {
    return {.samples = {1, 3}, .probes = {1, 3}, .trials = 20, .margin = 0.05F};
}

}  // namespace

BOOST_AUTO_TEST_CASE(people_who_are_easy_to_tell_apart_are_all_found_and_no_stranger) {
    const auto report = identify(test::face_set(20, 6, 0.95F), options());
    BOOST_TEST(report.enrolled == 10U);
    BOOST_TEST(report.mated == 10U);
    BOOST_TEST(report.strangers == 10U);
    BOOST_REQUIRE(report.results.size() == 4U);
    for (const auto& result : report.results) {
        BOOST_TEST(result.mated.total() == 200U);
        BOOST_TEST(result.strangers.total() == 200U);
        BOOST_TEST(result.first_rank == 1);
        BOOST_REQUIRE(result.at(0.01));
        BOOST_TEST(result.at(0.01)->true_accepts == 1);
        BOOST_TEST(!result.at(0.001));
    }
}

BOOST_AUTO_TEST_CASE(more_samples_and_probes_of_people_hard_to_tell_apart_help) {
    const auto report = identify(test::face_set(60, 6, 0.33F), options());
    const auto missed = [&](std::size_t i) { return 1 - report.results[i].at(0.01)->true_accepts; };
    BOOST_TEST(report.results[0].samples == 1U);
    BOOST_TEST(report.results[0].probes == 1U);
    BOOST_TEST(report.results[3].samples == 3U);
    BOOST_TEST(report.results[3].probes == 3U);
    BOOST_TEST(missed(0) > 0.5);
    BOOST_TEST(missed(3) < 0.6 * missed(0));
    BOOST_TEST(report.results[3].first_rank > report.results[0].first_rank);
}

BOOST_AUTO_TEST_CASE(too_few_people_give_no_result) {
    BOOST_TEST(identify(test::face_set(3, 6), options()).results.empty());
    BOOST_TEST(identify(test::face_set(50, 3), options()).results.empty());
    BOOST_TEST(identify({}, options()).results.empty());
}

BOOST_AUTO_TEST_CASE(a_cohort_is_fitted_to_the_people) {
    const auto set = test::face_set(120, 6, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_TEST(cohort.people == 120U);
    BOOST_TEST(cohort.pictures == 720U);
    BOOST_TEST(cohort.model_id == "model-1");
    BOOST_TEST(cohort.genuine.size() == 9U);
    // One sample and one probe: likeness^2.
    BOOST_TEST(std::abs(cohort.genuine.front().mean - 0.64) < 0.05);
    BOOST_TEST(std::abs(cohort.tail - 1) < 0.3);
    BOOST_CHECK_THROW(fit_cohort(people_of(test::face_set(50, 6)), "m"), StartupError);
    BOOST_CHECK_THROW(fit_cohort(people_of(test::face_set(150, 3)), "m"), StartupError);
}

BOOST_AUTO_TEST_CASE(a_calibration_keeps_its_promise_to_people_it_does_not_know) {
    const auto check = check_calibration(test::face_set(200, 6, 0.7F), {}, 0.02, 5);
    BOOST_TEST(check.trials == 10U);
    BOOST_TEST(check.strangers == 500U);
    BOOST_TEST(static_cast<double>(check.strangers_named) <=
               0.03 * static_cast<double>(check.strangers));
    BOOST_TEST(check.mated_named > check.mated / 2);
    BOOST_TEST(check_calibration(test::face_set(50, 6), {}, 0.02, 5).trials == 0U);
}

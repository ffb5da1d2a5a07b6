// Tests how a cohort is fitted to labelled images, and the calibration check of `facebus evaluate`.
// Slow, because fitting a cohort compares every pair of images.
#include <cmath>

#include <boost/test/unit_test.hpp>

#include "cli/evaluation/calibration_check.hpp"
#include "cli/evaluation/fit_cohort.hpp"
#include "cli/evaluation/people.hpp"
#include "support/face_sets.hpp"

using namespace facebus;
using namespace facebus::cli;

BOOST_AUTO_TEST_CASE(fits_a_cohort_to_labelled_images) {
    const auto set = test::face_set(100, 6, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_REQUIRE(cohort);
    BOOST_TEST(cohort->people == 100U);
    BOOST_TEST(cohort->images == 600U);
    BOOST_TEST(cohort->model_id == "model-1");
    BOOST_TEST(cohort->vectors.size() == 50U);
    // The similarity of each image to face(person) is about 0.8, so the score of two images of one
    // person is about 0.8^2, minus the resemblance to others.
    const auto& genuine = cohort->genuine.front();
    BOOST_TEST(genuine.samples == 1U);
    BOOST_TEST(genuine.probes == 1U);
    BOOST_TEST(std::abs(genuine.mean - 0.55) < 0.1);
    BOOST_TEST(cohort->impostor_mean < 0.05);
    BOOST_TEST(cohort->impostors.back().score < genuine.mean);
    BOOST_TEST(gallery::read_cohort(gallery::write_cohort(*cohort)).has_value());
}

BOOST_AUTO_TEST_CASE(each_vector_of_a_cohort_resembles_two_people_but_is_neither) {
    const auto set = test::face_set(100, 2, 0.8F);
    const auto people = people_of(set);
    const auto cohort = fit_cohort(people, set.model_id, CohortParts::vectors);
    BOOST_REQUIRE(cohort);
    BOOST_TEST(cohort->genuine.empty());
    // The average of two orthogonal unit vectors has a similarity of 0.71 to each.
    const auto nearest = nearest_contributors(people, *cohort);
    BOOST_TEST(nearest.front() > 0.68F);
    BOOST_TEST(nearest.back() < 0.9F);
}

BOOST_AUTO_TEST_CASE(omits_numbers_of_samples_and_probes_that_need_more_images_than_people_have) {
    const auto set = test::face_set(100, 4, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_REQUIRE(cohort);
    // The pairs of 1 to 5 samples and 1 to 5 probes that need at most 4 images.
    BOOST_TEST(cohort->genuine.size() == 6U);
}

BOOST_AUTO_TEST_CASE(calibration_keeps_the_fpir_near_its_target_for_people_outside_the_cohort) {
    std::size_t steps = 0;
    const auto check =
        check_calibration(test::face_set(240, 6, 0.7F), {}, {0.05}, 5, [&] { ++steps; });
    BOOST_TEST(check.trials == 10U);
    BOOST_TEST(steps == 10U);
    BOOST_REQUIRE(!check.rows.empty());
    double measured = 0;
    for (const auto& row : check.rows) {
        const auto rate =
            static_cast<double>(row.impostors_named) / static_cast<double>(row.impostors);
        measured += rate / static_cast<double>(check.rows.size());
        BOOST_TEST(row.fpir.low <= rate);
        BOOST_TEST(rate <= row.fpir.high);
        BOOST_TEST(row.mated_misidentified == 0U);
    }
    BOOST_TEST(measured > 0.025);
    BOOST_TEST(measured < 0.075);
}

// Tests how a cohort is fitted to labelled images, and the calibration check of `facebus evaluate`.
// Slow, because fitting a cohort simulates tens of thousands of impostors.
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
    BOOST_TEST(cohort->genuine.size() == 9U);
    // The similarity of each image to face(person) is about 0.8, so the similarity of two images of
    // one person is about 0.8^2.
    BOOST_TEST(std::abs(cohort->genuine.front().mean - 0.64) < 0.05);
    BOOST_TEST(std::abs(cohort->tail - 1) < 0.3);
    BOOST_TEST(gallery::read_cohort(gallery::write_cohort(*cohort)).has_value());
}

BOOST_AUTO_TEST_CASE(omits_numbers_of_samples_and_probes_that_need_more_images_than_people_have) {
    const auto set = test::face_set(100, 4, 0.8F);
    const auto cohort = fit_cohort(people_of(set), set.model_id);
    BOOST_REQUIRE(cohort);
    // The pairs of 1 to 3 samples and 1 to 3 probes that need at most 4 images.
    BOOST_TEST(cohort->genuine.size() == 6U);
    BOOST_TEST(gallery::read_cohort(gallery::write_cohort(*cohort)).has_value());
}

BOOST_AUTO_TEST_CASE(calibration_keeps_the_fpir_near_its_target_for_people_outside_the_cohort) {
    std::size_t steps = 0;
    const auto check =
        check_calibration(test::face_set(200, 6, 0.7F), {}, 0.02, 5, [&] { ++steps; });
    BOOST_TEST(check.trials == 10U);
    BOOST_TEST(steps == 10U);
    BOOST_TEST(check.impostors == 500U);
    BOOST_TEST(static_cast<double>(check.impostors_named) <=
               0.03 * static_cast<double>(check.impostors));
    BOOST_TEST(check.mated_named == check.mated);
}

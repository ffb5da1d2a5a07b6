// Tests of the cohort (impostor statistics) and its JSON.
#include <cmath>
#include <string>

#include <boost/test/unit_test.hpp>

#include "gallery/decide/cohort.hpp"
#include "support/faces.hpp"
#include "support/text.hpp"

using namespace facebus;
using namespace facebus::gallery;
using test::replace_once;

namespace {

/// Returns a cohort whose mean is the unit vector of axis 0. People vary along axis 1, and the
/// images of a person vary along axis 2.
Cohort simple_cohort() {
    Cohort cohort;
    cohort.model_id = "model-1";
    cohort.people = 10;
    cohort.images = 20;
    cohort.mean[0] = 1;
    cohort.between.columns.push_back({});
    cohort.between.columns[0][1] = 0.5F;
    cohort.within.columns.push_back({});
    cohort.within.columns[0][2] = 0.4F;
    cohort.genuine.push_back({1, 1, 0.7, 0.1});
    return cohort;
}

/// Returns the standard deviation of the embeddings along an axis.
double deviation(const std::vector<Embedding>& all, std::size_t axis) {
    double sum = 0;
    double squares = 0;
    for (const auto& each : all) {
        sum += double{each[axis]};
        squares += double{each[axis]} * double{each[axis]};
    }
    const auto count = static_cast<double>(all.size());
    return std::sqrt(squares / count - sum / count * sum / count);
}

}  // namespace

BOOST_AUTO_TEST_CASE(impostors_are_unit_vectors_determined_by_the_seed) {
    const auto cohort = simple_cohort();
    const auto some = cohort.impostors(50, 2, 7);
    BOOST_REQUIRE(some.size() == 50U);
    for (const auto& each : some) BOOST_TEST(std::abs(similarity(each, each) - 1) < 1e-5F);
    BOOST_TEST((some == cohort.impostors(50, 2, 7)));
    BOOST_TEST((some != cohort.impostors(50, 2, 8)));
}

BOOST_AUTO_TEST_CASE(fusing_images_reduces_variance_within_but_not_between_people) {
    const auto cohort = simple_cohort();
    const auto one = cohort.impostors(4000, 1, 1);
    const auto nine = cohort.impostors(4000, 9, 1);
    BOOST_TEST(deviation(one, 1) > 0.3);
    BOOST_TEST(deviation(one, 2) > 0.25);
    BOOST_TEST(std::abs(deviation(nine, 1) - deviation(one, 1)) < 0.08);
    BOOST_TEST(deviation(nine, 2) < 0.45 * deviation(one, 2));
    BOOST_TEST(deviation(one, 3) == 0);
}

BOOST_AUTO_TEST_CASE(diagonal_part_of_a_covariance_adds_equal_variance_to_every_component) {
    auto cohort = simple_cohort();
    cohort.between.rest = 0.01F;
    const auto all = cohort.impostors(2000, 1, 1);
    BOOST_TEST(deviation(all, 3) > 0.02);
    BOOST_TEST(std::abs(deviation(all, 3) - deviation(all, 400)) < 0.01);
}

BOOST_AUTO_TEST_CASE(writes_and_reads_back_a_cohort) {
    auto cohort = simple_cohort();
    cohort.tail = 1.25;
    cohort.within.rest = 0.125F;
    // Vectors are rounded when they are written.
    const auto back = read_cohort(write_cohort(cohort));
    BOOST_REQUIRE(back);
    BOOST_TEST(back->model_id == "model-1");
    BOOST_TEST(back->people == 10U);
    BOOST_TEST(back->images == 20U);
    BOOST_TEST(std::abs(back->mean[0] - 1) < 0.005F);
    BOOST_REQUIRE(back->between.columns.size() == 1U);
    BOOST_TEST(std::abs(back->between.columns[0][1] - 0.5F) < 0.005F);
    BOOST_REQUIRE(back->within.columns.size() == 1U);
    BOOST_TEST(std::abs(back->within.columns[0][2] - 0.4F) < 0.005F);
    BOOST_TEST(back->within.rest == 0.125F);
    BOOST_TEST(back->tail == 1.25);
    BOOST_TEST(back->genuine.at(0).deviation == 0.1);
}

BOOST_AUTO_TEST_CASE(rejects_text_that_is_not_a_cohort) {
    const auto good = write_cohort(simple_cohort());
    for (const std::string& bad :
         {std::string(), std::string("{}"), good.substr(0, good.size() / 2),
          replace_once(good, "\"people\":10", "\"people\":1e30"),
          replace_once(good, "\"people\":10", "\"people\":-1"),
          replace_once(good, "\"rest\":0.0", "\"rest\":1e300"),
          replace_once(good, "\"tail\":1.0", "\"tail\":-1.0"),
          replace_once(good, "\"deviation\":0.1", "\"deviation\":0"),
          replace_once(good, "\"rest\":0.0", "\"rest\":-1.0"),
          replace_once(good, "\"values\":[127,", "\"values\":["),
          replace_once(good, "\"genuine\":[{", "\"genuine\":[], \"other\":[{")}) {
        const auto read = read_cohort(bad);
        BOOST_REQUIRE(!read);
        BOOST_TEST((read.error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(shipped_cohort_has_over_1000_people_and_gives_dissimilar_impostors) {
    const auto& cohort = shipped_cohort();
    BOOST_TEST(cohort.people > 1000U);
    BOOST_TEST(cohort.model_id.starts_with("facenet-"));
    BOOST_TEST(cohort.tail > 1);
    const auto some = cohort.impostors(200, 2, 1);
    double sum = 0;
    for (std::size_t i = 1; i < some.size(); ++i) {
        sum += double{similarity(some[0], some[i])};
        BOOST_TEST(similarity(some[i - 1], some[i]) < 0.8F);
    }
    BOOST_TEST(std::abs(sum / 199) < 0.2);
}

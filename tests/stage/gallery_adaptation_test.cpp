// Tests that the adaptation in Redis takes effect when it is stored, replaced or removed.
#include <boost/test/unit_test.hpp>

#include "gallery/score/cohort.hpp"
#include "gallery/store/keys.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::face;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture : test::GalleryFixture {
    Fixture() { BOOST_REQUIRE(store.add("Anna", test::sample(face(1), "", model))); }

    /// Returns an adaptation with an own cohort of one vector, the centred sample of Anna.
    [[nodiscard]] Adaptation adaptation(float shift = 0) const {
        Adaptation out;
        out.model_id = model;
        out.method = "own cohort";
        out.mean = shipped_cohorts().front().mean;
        out.vectors = {ScoreSpace::of(model)->centred(face(1))};
        out.nearest = 1;
        out.shift = shift;
        return out;
    }
    [[nodiscard]] static float score(const Snapshot& snapshot) {
        return snapshot.match(face(2)).best->score;
    }

    const std::string model = shipped_cohorts().front().model_id;
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(an_adaptation_applies_until_it_is_removed, Fixture) {
    auto snapshot = store.load(model).value();
    const auto before = score(*snapshot);
    BOOST_TEST(!store.adaptation().value().has_value());

    const auto id = store.set_adaptation(adaptation()).value();
    BOOST_TEST(store.adaptation().value()->id == id);
    snapshot = store.refresh(snapshot).value();
    BOOST_REQUIRE(snapshot->space().adaptation() != nullptr);
    BOOST_TEST(snapshot->space().adaptation_id() == id);
    // The sample resembles the only vector entirely, so it adds -1/2.
    BOOST_TEST(score(*snapshot) < before - 0.2F);
    BOOST_TEST(score(*store.load(model).value()) == score(*snapshot));

    BOOST_REQUIRE(store.clear_adaptation());
    snapshot = store.refresh(snapshot).value();
    BOOST_TEST(snapshot->space().adaptation() == nullptr);
    BOOST_TEST(score(*snapshot) == before);
}

BOOST_FIXTURE_TEST_CASE(a_new_sample_keeps_the_adaptation, Fixture) {
    BOOST_REQUIRE(store.set_adaptation(adaptation()));
    auto snapshot = store.load(model).value();
    const auto before = score(*snapshot);
    BOOST_REQUIRE(store.add("Berta", test::sample(face(3), "", model)));
    snapshot = store.refresh(snapshot).value();
    BOOST_TEST(snapshot->subjects() == 2U);
    BOOST_TEST(snapshot->space().adaptation() != nullptr);
    BOOST_TEST(score(*snapshot) >= before);
}

BOOST_FIXTURE_TEST_CASE(a_replaced_adaptation_applies, Fixture) {
    BOOST_REQUIRE(store.set_adaptation(adaptation()));
    const auto first = store.load(model).value();
    BOOST_REQUIRE(store.set_adaptation(adaptation(0.125F)));
    const auto second = store.refresh(first).value();
    BOOST_TEST(second->space().adaptation_id() != first->space().adaptation_id());
    BOOST_TEST(second->space().adaptation()->shift == 0.125F);
}

BOOST_FIXTURE_TEST_CASE(ignores_adaptations_of_other_models_and_damaged_ones, Fixture) {
    const auto before = score(*store.load(model).value());
    auto other = adaptation();
    other.model_id = "another model";
    BOOST_REQUIRE(store.set_adaptation(other));
    BOOST_TEST(score(*store.load(model).value()) == before);

    BOOST_REQUIRE(redis.run({"HSET", keys::adaptation, "record", "{}"}));
    BOOST_TEST(!store.adaptation().has_value());
    const auto snapshot = store.load(model).value();
    BOOST_TEST(snapshot->space().adaptation() == nullptr);
    BOOST_TEST(score(*snapshot) == before);
    BOOST_REQUIRE(store.set_adaptation(adaptation()));
    BOOST_TEST(store.refresh(snapshot).value()->space().adaptation() != nullptr);
}

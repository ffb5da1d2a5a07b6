// Tests of moving the gallery from one model to another.
#include <boost/test/unit_test.hpp>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::check_refused;
using facebus::test::face;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

const std::string new_model = "sface-1";

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_model, test::GalleryFixture)

BOOST_AUTO_TEST_CASE(workers_of_both_models_find_a_sample_with_two_embeddings) {
    const auto anna = store.add("Anna", sample(face(1)), "\xff\xd8\xff photo");
    BOOST_REQUIRE(anna);
    auto old_worker = *store.load(anna->model_id);
    auto new_worker = *store.load(new_model);
    BOOST_TEST(new_worker->samples() == 0U);
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));

    old_worker = *store.refresh(old_worker);
    BOOST_TEST(old_worker->samples() == 1U);
    BOOST_TEST(old_worker->match({{face(1)}}).front().best->similarity > 0.999F);
    new_worker = *store.refresh(new_worker);
    BOOST_TEST(new_worker->samples() == 1U);
    BOOST_TEST(new_worker->other_model_samples() == 0U);
    BOOST_TEST(new_worker->match({{axis(7)}}).front().best->similarity > 0.999F);
    BOOST_TEST((*store.load(new_model))->match({{axis(7)}}).front().best->name == "Anna");
}

BOOST_AUTO_TEST_CASE(the_change_of_the_model_keeps_ids_photos_and_names) {
    const std::string photo = "\xff\xd8\xff photo";
    const auto anna = store.add("Anna", sample(face(1), "anna.jpg"), photo);
    const auto bert = store.add("Bert", sample(face(2)));
    BOOST_REQUIRE((anna && bert));
    BOOST_REQUIRE(store.set_calibration({.fpir = 0.002}));
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));
    BOOST_TEST(store.change_model(new_model).value() == 1U);

    const auto moved = store.show("Anna")->front();
    BOOST_TEST(moved.id == anna->id);
    BOOST_TEST(moved.source == "anna.jpg");
    BOOST_TEST(moved.model_id == new_model);
    BOOST_TEST((moved.embedding == axis(7)));
    BOOST_TEST(store.photo(anna->id).value().value() == photo);
    BOOST_TEST(store.calibration().value().value().fpir == 0.002);
    // Bert's sample has no embedding of the new model.
    const auto gallery = *store.load(new_model);
    BOOST_TEST(gallery->samples() == 1U);
    BOOST_TEST(gallery->other_model_samples() == 1U);
    // Nothing of the old embedding remains.
    BOOST_TEST(everything().find(pack(face(1)).substr(100, 64)) == std::string::npos);
    BOOST_TEST(store.change_model(new_model).value() == 0U);
}

BOOST_AUTO_TEST_CASE(after_the_change_only_samples_of_the_new_model_can_be_added) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.change_model(new_model));
    check_refused(store.add("Anna", sample(face(3))), "facebus gallery reembed");
    auto added = sample(axis(9));
    added.model_id = new_model;
    BOOST_TEST(store.add("Anna", added).has_value());
}

BOOST_AUTO_TEST_CASE(rejects_further_embeddings_that_do_not_fit) {
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(anna);
    BOOST_TEST(!store.add_embedding(anna->id, new_model, face(1)));  // more than 128 elements
    BOOST_TEST(!store.add_embedding(anna->id, new_model, Embedding{}));
    BOOST_TEST(!store.add_embedding(anna->id, "", axis(1)));
    check_refused(store.add_embedding(std::string(32, 'a'), new_model, axis(1)),
                  "no sample with this id");
}

BOOST_AUTO_TEST_CASE(counts_a_damaged_further_embedding_as_damaged_only_for_its_model) {
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(anna);
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));
    BOOST_REQUIRE(redis.run({"HSET", keys::sample(anna->id), "next_embedding", "short"}));
    BOOST_TEST((*store.load(new_model))->samples() == 0U);
    BOOST_TEST((*store.load(anna->model_id))->samples() == 1U);
    BOOST_TEST(store.change_model(new_model).value() == 0U);
    BOOST_TEST((store.show("Anna")->front().embedding == face(1)));
}

BOOST_AUTO_TEST_SUITE_END()

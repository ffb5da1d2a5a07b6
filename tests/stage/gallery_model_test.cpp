// Tests of moving the gallery from one model to another.
#include <boost/test/unit_test.hpp>

#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
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

BOOST_AUTO_TEST_CASE(the_model_of_the_gallery_is_the_old_one_until_the_change) {
    BOOST_TEST(!store.model().value().has_value());
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(anna);
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));
    BOOST_TEST(store.model().value().value() == anna->model_id);
    BOOST_REQUIRE(store.change_model(new_model));
    BOOST_TEST(store.model().value().value() == new_model);
    BOOST_REQUIRE(redis.run({"SET", keys::model, "\xff"}));
    test::check_failed(store.model(), ErrorKind::malformed, "damaged");
}

BOOST_AUTO_TEST_CASE(after_the_change_a_photo_that_is_already_enrolled_is_found) {
    const std::string photo = "\xff\xd8\xff photo";
    const auto anna = store.add("Anna", sample(face(1)), photo);
    BOOST_REQUIRE(anna);
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));
    BOOST_REQUIRE(store.change_model(new_model));
    // The embedding of the original photo differs a little from that of the stored JPEG.
    auto again = sample(between(7, 8, 0.997F));
    again.model_id = new_model;
    test::check_failed(store.add("Anna", again, photo), ErrorKind::exists, anna->id);
    BOOST_TEST(store.add("Anna", again, photo + " of another moment").has_value());
}

BOOST_AUTO_TEST_CASE(a_removed_sample_is_erased_with_both_embeddings) {
    const auto track = [](int number) { return keys::track("track-" + std::to_string(number)); };
    const auto remember = [&](int number, const Embedding& embedding, const std::string& model) {
        const gallery::Probe probe{"p", embedding, 0.9F};
        BOOST_REQUIRE(redis.run({"HSET", track(number), "p", pack_probe(probe, model)}));
    };
    const auto remembered = [&](int number) {
        return redis.run({"EXISTS", track(number)})->number() == 1;
    };
    const auto further = between(7, 8, 0.6F);
    for (const bool whole_person : {true, false}) {
        const auto anna = store.add("Anna", sample(face(1)));
        BOOST_REQUIRE(anna);
        BOOST_REQUIRE(store.add_embedding(anna->id, new_model, further));
        remember(1, face(1), anna->model_id);
        remember(2, further, new_model);
        remember(3, axis(9), new_model);
        if (whole_person) {
            BOOST_REQUIRE(store.remove("Anna"));
        } else {
            BOOST_REQUIRE(store.remove_sample(anna->id));
        }
        BOOST_TEST((*store.load(new_model))->samples() == 0U);
        erase();
        BOOST_TEST(!remembered(1));
        BOOST_TEST(!remembered(2));
        BOOST_TEST(remembered(3));
        for (const auto& embedding : {pack(face(1)), pack(further, sface_size)}) {
            BOOST_TEST(!test::contains(everything(), embedding.substr(0, 64)));
        }
    }
}

BOOST_AUTO_TEST_CASE(a_restored_sample_has_its_further_embedding) {
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(anna);
    BOOST_TEST(!store.further_embedding(anna->id).value().has_value());
    BOOST_REQUIRE(store.add_embedding(anna->id, new_model, axis(7)));
    const auto further = store.further_embedding(anna->id).value();
    BOOST_REQUIRE(further.has_value());
    BOOST_TEST(further->model_id == new_model);
    const auto subject = store.find("Anna").value().value();
    BOOST_REQUIRE(redis.run({"FLUSHDB"}));

    BOOST_REQUIRE(store.restore(subject, {{*anna, "", further}}));
    BOOST_TEST(store.model().value().value() == anna->model_id);
    BOOST_TEST((*store.load(anna->model_id))->samples() == 1U);
    BOOST_TEST((*store.load(new_model))->samples() == 1U);
    BOOST_TEST(store.change_model(new_model).value() == 1U);
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

// Tests of the gallery with invalid values in Redis. An attacker may have written these values, or
// they may have been damaged by accident.
#include <limits>

#include <boost/test/unit_test.hpp>

#include "gallery/history/history.hpp"
#include "gallery/id.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::face;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture : test::GalleryFixture {
    Sample good = *store.add("Anna", sample(face(1)));
    Sample bad = *store.add("Anna", sample(face(2)));

    /// Overwrites a field of the sample `bad` in Redis.
    void spoil(const std::string& field, const std::string& value) {
        BOOST_REQUIRE(redis.run({"HSET", keys::sample(bad.id), field, value}));
    }

    /// Checks that show() reports the sample `bad`, that load() omits and counts it, that the
    /// sample `good` still matches, and that list() counts both samples.
    void check_bad_is_omitted() {
        const auto shown = store.show("Anna");
        BOOST_REQUIRE(!shown);
        BOOST_TEST(shown.error().message.find(bad.id) != std::string::npos, shown.error().message);
        const auto snapshot = store.load("model-1");
        BOOST_REQUIRE(snapshot);
        BOOST_TEST((*snapshot)->samples() == 1U);
        BOOST_TEST((*snapshot)->damaged_samples() == 1U);
        BOOST_TEST((*snapshot)->match(face(1)).best->samples.front() == good.id);
        BOOST_TEST(store.list()->front().samples == 2U);
    }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_hostile, Fixture)

BOOST_AUTO_TEST_CASE(omits_and_counts_invalid_embeddings) {
    Embedding values = axis(0);
    values[7] = std::numeric_limits<float>::quiet_NaN();
    const std::string not_a_number = pack(values);
    values[7] = 0.5F;
    for (const std::string& embedding :
         {std::string(), std::string("x"), std::string(2047, 'a'), std::string(1 << 20, '\0'),
          std::string(2048, '\xff'), std::string(2048, '\0'), not_a_number, pack(values)}) {
        spoil("embedding", embedding);
        check_bad_is_omitted();
    }
}

BOOST_AUTO_TEST_CASE(omits_and_counts_samples_with_invalid_fields) {
    const std::vector<std::pair<std::string, std::string>> spoilt{
        {"quality", "nan"},    {"quality", "7"},       {"created", "yesterday"},
        {"subject", "nobody"}, {"subject", new_id()},  {"model", ""},
        {"source", "\x1b[2J"}, {"source", "\xff\xfe"}, {"created", "99999999999999999999"}};
    for (const auto& [field, value] : spoilt) {
        const auto before = std::string(redis.run({"HGET", keys::sample(bad.id), field})->text());
        spoil(field, value);
        check_bad_is_omitted();
        spoil(field, before);
    }
    BOOST_TEST(store.show("Anna").has_value());
}

BOOST_AUTO_TEST_CASE(omits_and_counts_samples_that_are_missing_or_not_a_hash) {
    BOOST_REQUIRE(redis.run({"DEL", keys::sample(bad.id)}));
    check_bad_is_omitted();
    BOOST_REQUIRE(redis.run({"SET", keys::sample(bad.id), "text"}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->samples() == 1U);
    BOOST_TEST((*snapshot)->damaged_samples() == 1U);
    BOOST_TEST(!store.show("Anna"));
}

BOOST_AUTO_TEST_CASE(loads_a_sample_only_for_the_subject_that_it_belongs_to) {
    BOOST_REQUIRE(store.add("Bert", sample(face(3))));
    const std::string bert = (*store.find("Bert"))->id;
    BOOST_REQUIRE(redis.run({"RPUSH", keys::subject_samples(bert), good.id, good.id, "../x", ""}));
    BOOST_REQUIRE(redis.run({"RPUSH", keys::subject_samples(good.subject_id), good.id}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->samples() == 3U);
    BOOST_TEST((*snapshot)->damaged_samples() == 4U);
    BOOST_TEST((*snapshot)->match(face(1)).best->name == "Anna");
}

BOOST_AUTO_TEST_CASE(a_damaged_sample_does_not_prevent_adding_and_removing) {
    spoil("embedding", "x");
    BOOST_TEST(store.add("Anna", sample(face(4))).has_value());
    BOOST_TEST(!store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_TEST(redis.run({"KEYS", "facebus:sample:*"})->elements().empty());
}

BOOST_AUTO_TEST_CASE(removing_a_subject_with_invalid_sample_ids_keeps_other_results) {
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "an unknown person", "", "t"));
    BOOST_REQUIRE(redis.run({"RPUSH", keys::subject_samples(good.subject_id), "", "a", "%x"}));
    BOOST_REQUIRE(store.remove("Anna"));
    erase();
    BOOST_TEST(history.after("0-0", 10)->size() == 1U);
}

BOOST_AUTO_TEST_CASE(removes_a_subject_if_the_result_stream_exists_but_never_had_an_entry) {
    BOOST_REQUIRE(redis.run({"XGROUP", "CREATE", keys::results, "g", "0", "MKSTREAM"}));
    BOOST_TEST(store.remove("Anna").has_value());
    erase();
}

BOOST_AUTO_TEST_CASE(remove_all_fails_if_the_samples_of_a_subject_cannot_be_listed) {
    BOOST_REQUIRE(redis.run({"SET", keys::subject_samples(good.subject_id), "not a list"}));
    for (const bool subjects_too : {false, true}) BOOST_TEST(!store.remove_all(subjects_too));
    BOOST_TEST(store.find("Anna")->has_value());
}

BOOST_AUTO_TEST_CASE(list_and_load_omit_subjects_with_invalid_names_or_ids) {
    BOOST_REQUIRE(redis.run({"HSET", keys::names, "\x1b[2J", new_id(), "Bert", "../../x", "",
                             new_id(), " padded ", new_id()}));
    const auto list = store.list();
    BOOST_REQUIRE(list);
    BOOST_REQUIRE(list->size() == 1U);
    BOOST_TEST(list->front().subject.name == "Anna");

    // list() reads the hash of names. load() reads the parts, which are sets of subject ids.
    const auto invalid = new_id();
    BOOST_REQUIRE(redis.run({"SADD", keys::part(keys::part_of(invalid)), invalid, "../../x"}));
    BOOST_REQUIRE(redis.run({"HSET", keys::subject(invalid), "name", "\x1b[2J", "created", "1"}));
    BOOST_REQUIRE(redis.run({"RPUSH", keys::subject_samples(invalid), good.id}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 1U);
}

BOOST_AUTO_TEST_CASE(find_and_add_fail_if_the_stored_id_of_the_subject_is_invalid) {
    BOOST_REQUIRE(redis.run({"HSET", keys::names, "Bert", "../../x"}));
    BOOST_TEST((store.find("Bert").error().kind == ErrorKind::malformed));
    BOOST_TEST(!store.add("Bert", sample(face(5))));
}

BOOST_AUTO_TEST_CASE(a_subject_with_two_names_is_loaded_once) {
    BOOST_REQUIRE(redis.run({"HSET", keys::names, "Alias", good.subject_id}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 1U);
    BOOST_TEST((*snapshot)->samples() == 2U);
}

BOOST_AUTO_TEST_CASE(reports_redis_keys_of_the_wrong_type) {
    for (const std::string& key : {keys::names, keys::changes, keys::model}) {
        BOOST_REQUIRE(redis.run({"RENAME", key, "aside"}));
        BOOST_REQUIRE(redis.run({"LPUSH", key, "x"}));
        const auto added = store.add("Cleo", sample(face(6)));
        BOOST_REQUIRE(!added);
        BOOST_TEST(added.error().message.find("WRONGTYPE") != std::string::npos);
        BOOST_REQUIRE(redis.run({"RENAME", "aside", key}));
    }
    BOOST_REQUIRE(redis.run({"DEL", keys::subject_samples(good.subject_id)}));
    BOOST_REQUIRE(redis.run({"SET", keys::subject_samples(good.subject_id), "x"}));
    BOOST_TEST(!store.show("Anna"));
    // A snapshot without Anna's samples would make her an unknown person, so load() must fail.
    BOOST_TEST(!store.load("model-1"));
    BOOST_TEST(!store.remove("Anna").has_value());
    BOOST_REQUIRE(redis.run({"DEL", keys::subject_samples(good.subject_id)}));
    BOOST_TEST(store.load("model-1").has_value());
    BOOST_REQUIRE(redis.run({"DEL", keys::subject(good.subject_id)}));
    BOOST_REQUIRE(redis.run({"SET", keys::subject(good.subject_id), "x"}));
    BOOST_TEST(store.load("model-1").error().message.find("WRONGTYPE") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

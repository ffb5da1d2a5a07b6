#include <limits>

#include <boost/test/unit_test.hpp>

#include "gallery/history/history.hpp"
#include "gallery/id.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/store/store.hpp"
#include "support/faces.hpp"
#include "support/redis_server.hpp"

// What somebody else, or an accident, may have written into the Redis that the gallery is in.

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::face;
using facebus::test::RedisServer;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture {
    RedisServer server;
    RedisOptions options{.url = server.url(), .timeout_ms = 5000};
    Store store{options};
    Redis redis{options};
    Sample good = *store.add("Anna", sample(face(1)));
    Sample bad = *store.add("Anna", sample(face(2)));

    void spoil(const std::string& field, const std::string& value) {
        BOOST_REQUIRE(redis.run({"HSET", keys::sample(bad.id), field, value}));
    }

    /// The bad sample is told by show(), and left out and counted by load(); the good one is there.
    void check_bad_is_left_out() {
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

BOOST_AUTO_TEST_CASE(an_embedding_that_is_none_is_left_out_and_counted) {
    Embedding values = axis(0);
    values[7] = std::numeric_limits<float>::quiet_NaN();
    const std::string not_a_number = pack(values);
    values[7] = 0.5F;
    for (const std::string& embedding :
         {std::string(), std::string("x"), std::string(2047, 'a'), std::string(1 << 20, '\0'),
          std::string(2048, '\xff'), std::string(2048, '\0'), not_a_number, pack(values)}) {
        spoil("embedding", embedding);
        check_bad_is_left_out();
    }
}

BOOST_AUTO_TEST_CASE(fields_that_make_no_sense_are_left_out_and_counted) {
    const std::vector<std::pair<std::string, std::string>> spoilt{
        {"quality", "nan"},    {"quality", "7"},       {"created", "yesterday"},
        {"subject", "nobody"}, {"subject", new_id()},  {"model", ""},
        {"source", "\x1b[2J"}, {"source", "\xff\xfe"}, {"created", "99999999999999999999"}};
    for (const auto& [field, value] : spoilt) {
        const auto before = std::string(redis.run({"HGET", keys::sample(bad.id), field})->text());
        spoil(field, value);
        check_bad_is_left_out();
        spoil(field, before);
    }
    BOOST_TEST(store.show("Anna").has_value());
}

BOOST_AUTO_TEST_CASE(a_sample_that_is_gone_or_no_hash_is_left_out_and_counted) {
    BOOST_REQUIRE(redis.run({"DEL", keys::sample(bad.id)}));
    check_bad_is_left_out();
    BOOST_REQUIRE(redis.run({"SET", keys::sample(bad.id), "text"}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->samples() == 1U);
    BOOST_TEST((*snapshot)->damaged_samples() == 1U);
    BOOST_TEST(!store.show("Anna"));
}

BOOST_AUTO_TEST_CASE(a_sample_listed_under_two_subjects_counts_for_its_own_only) {
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

BOOST_AUTO_TEST_CASE(a_damaged_sample_hinders_neither_adding_nor_removing) {
    spoil("embedding", "x");
    BOOST_TEST(store.add("Anna", sample(face(4))).has_value());
    BOOST_TEST(!store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_TEST(redis.run({"KEYS", "facebus:sample:*"})->elements().empty());
}

BOOST_AUTO_TEST_CASE(listed_ids_that_are_none_do_not_take_the_results_of_others_along) {
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "a stranger", "", "t"));
    BOOST_REQUIRE(redis.run({"RPUSH", keys::subject_samples(good.subject_id), "", "a", "%x"}));
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_TEST(history.after("0-0", 10)->size() == 1U);
    BOOST_REQUIRE(redis.run({"DEL", keys::results}));
    BOOST_REQUIRE(redis.run({"XGROUP", "CREATE", keys::results, "g", "0", "MKSTREAM"}));
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_TEST(store.remove("Anna").has_value());
}

BOOST_AUTO_TEST_CASE(a_removal_that_fails_has_removed_nothing) {
    BOOST_REQUIRE(redis.run({"SET", keys::results, "no stream"}));
    BOOST_TEST(!store.remove("Anna"));
    BOOST_TEST(store.show("Anna")->size() == 2U);
    BOOST_REQUIRE(redis.run({"DEL", keys::results}));
    BOOST_TEST(store.remove("Anna").has_value());
}

BOOST_AUTO_TEST_CASE(names_and_ids_that_are_none_are_left_out) {
    BOOST_REQUIRE(redis.run({"HSET", keys::names, "\x1b[2J", new_id(), "Bert", "../../x", "",
                             new_id(), " padded ", new_id()}));
    const auto list = store.list();
    BOOST_REQUIRE(list);
    BOOST_REQUIRE(list->size() == 1U);
    BOOST_TEST(list->front().subject.name == "Anna");
    BOOST_TEST((*store.load("model-1"))->subjects() == 1U);
    BOOST_TEST((store.find("Bert").error().kind == ErrorKind::malformed));
    BOOST_TEST(!store.add("Bert", sample(face(5))));
}

BOOST_AUTO_TEST_CASE(two_names_for_one_subject_are_one_subject) {
    BOOST_REQUIRE(redis.run({"HSET", keys::names, "Alias", good.subject_id}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 1U);
    BOOST_TEST((*snapshot)->samples() == 2U);
}

BOOST_AUTO_TEST_CASE(keys_of_another_type_are_an_error_that_says_so) {
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
    // Anna would be a stranger to everyone who loads this.
    BOOST_TEST(!store.load("model-1"));
    BOOST_TEST(store.remove("Anna").has_value() == false);
    BOOST_REQUIRE(redis.run({"DEL", keys::subject_samples(good.subject_id)}));
    BOOST_TEST(store.load("model-1").has_value());
    BOOST_REQUIRE(redis.run({"DEL", keys::subject(good.subject_id)}));
    BOOST_REQUIRE(redis.run({"SET", keys::subject(good.subject_id), "x"}));
    BOOST_TEST(store.load("model-1").error().message.find("WRONGTYPE") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

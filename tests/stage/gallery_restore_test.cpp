// Tests of writing the records of a backup to Redis.
#include <boost/test/unit_test.hpp>

#include "gallery/history/history.hpp"
#include "gallery/store/keys.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::check_failed;
using facebus::test::check_refused;
using facebus::test::face;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

BOOST_FIXTURE_TEST_SUITE(gallery_restore, test::GalleryFixture)

BOOST_AUTO_TEST_CASE(a_restored_subject_has_the_ids_times_and_photos_of_the_backup) {
    const auto photo = "\xff\xd8\xff" + std::string(100, 'x');
    BOOST_REQUIRE(store.add("Anna", sample(face(1)), photo));
    BOOST_REQUIRE(store.add("Anna", sample(face(2))));
    BOOST_REQUIRE(store.set_ignored("Anna", true));
    const auto subject = store.find("Anna").value().value();
    const auto samples = store.show("Anna").value();
    BOOST_REQUIRE(redis.run({"FLUSHDB"}));

    BOOST_REQUIRE(store.restore(subject, {{samples[0], photo}}));
    BOOST_REQUIRE(store.restore(subject, {{samples[1], ""}}));
    const auto again = store.list().value();
    BOOST_REQUIRE(again.size() == 1);
    BOOST_TEST(again[0].subject.id == subject.id);
    BOOST_TEST(again[0].subject.created == subject.created);
    BOOST_TEST(again[0].subject.ignored);
    const auto restored = store.show("Anna").value();
    BOOST_REQUIRE(restored.size() == 2);
    BOOST_TEST(restored[0].id == samples[0].id);
    BOOST_TEST(restored[1].id == samples[1].id);
    BOOST_TEST((store.photo(samples[0].id).value() == photo));
    BOOST_TEST(store.load("model-1").value()->samples() == 2);

    auto other = subject;
    other.id = test::id("other");
    check_failed(store.restore(other, {}), ErrorKind::exists, "Anna");
    check_refused(store.restore(subject, {{sample(face(3), "b.jpg", "model-2"), ""}}), "model-2");
}

BOOST_AUTO_TEST_CASE(a_restored_history_has_the_ids_of_the_backup_and_omits_old_results) {
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "header", "", "track-1"));
    auto entries = history.after("0-0", 10).value();
    BOOST_REQUIRE(history.clear());
    BOOST_TEST(history.newest().value() == "0-0");
    entries.insert(entries.begin(), {"1000-0", "identity.door", "old", "", ""});
    BOOST_TEST(history.restore(entries).value() == 1);
    BOOST_TEST(history.newest().value() == entries[1].id);
    const auto restored = history.after("0-0", 10).value();
    BOOST_REQUIRE(restored.size() == 1);
    BOOST_TEST(restored[0].header == "header");
    BOOST_TEST(restored[0].track == "track-1");
    BOOST_TEST(redis.run({"PTTL", keys::results})->number() > 3'000'000);
    BOOST_TEST(!history.restore(entries));  // the history is newer
    BOOST_TEST(History(options, 0).restore(entries).value() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

// Tests of adding, showing and finding samples, of the stored calibration, and of loading and
// refreshing snapshots.
#include <array>
#include <atomic>
#include <barrier>
#include <set>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "base/clock.hpp"
#include "gallery/id.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::axis;
using facebus::test::between;
using facebus::test::check_failed;
using facebus::test::check_refused;
using facebus::test::contains;
using facebus::test::face;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

BOOST_FIXTURE_TEST_SUITE(gallery_store, test::GalleryFixture)

BOOST_AUTO_TEST_CASE(an_empty_gallery_loads_without_error) {
    BOOST_TEST(store.ping().has_value());
    BOOST_TEST(store.list()->empty());
    BOOST_TEST(*store.version() == "0-0");
    BOOST_TEST(!store.calibration()->has_value());
    BOOST_TEST(!store.find("Anna")->has_value());
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 0U);
    BOOST_TEST((*snapshot)->version() == "0-0");
}

BOOST_AUTO_TEST_CASE(shows_a_sample_as_it_was_added) {
    const std::int64_t before = utc_ns();
    const auto added = store.add("  Zoë ", sample(face(1), "zoë/1.jpg"));
    BOOST_REQUIRE(added);
    BOOST_TEST(valid_id(added->id));
    BOOST_TEST(valid_id(added->subject_id));
    BOOST_TEST(added->created >= before);
    const auto shown = store.show("Zoë");
    BOOST_REQUIRE(shown);
    BOOST_REQUIRE(shown->size() == 1U);
    const Sample& only = shown->front();
    BOOST_TEST(only.id == added->id);
    BOOST_TEST(only.subject_id == added->subject_id);
    BOOST_TEST(only.created == added->created);
    BOOST_TEST(only.source == "zoë/1.jpg");
    BOOST_TEST(only.model_id == "model-1");
    BOOST_TEST(only.quality == 0.8F);
    BOOST_TEST((only.embedding == face(1)));
}

BOOST_AUTO_TEST_CASE(stores_a_photo_with_a_sample_but_does_not_load_it_into_snapshots) {
    const std::string jpeg("\xff\xd8\xff\0 any bytes \n", 16);
    const auto with = store.add("Anna", sample(face(1)), jpeg);
    const auto without = store.add("Anna", sample(face(2)));
    BOOST_REQUIRE((with && without));
    BOOST_TEST(store.photo(with->id)->value_or("") == jpeg);
    BOOST_TEST(!store.photo(without->id)->has_value());
    BOOST_TEST(!store.photo(test::id("none"))->has_value());
    BOOST_TEST(!store.photo("*")->has_value());
    BOOST_REQUIRE(redis.run({"CONFIG", "RESETSTAT"}));
    BOOST_TEST((*store.load("model-1"))->samples() == 2U);
    const std::string statistics(redis.run({"INFO", "commandstats"})->text());
    // load() reads the version of the gallery twice, with the format. It must read no photo.
    BOOST_TEST(contains(statistics, "cmdstat_get:calls=2,"), statistics);
}

BOOST_AUTO_TEST_CASE(neither_stores_nor_returns_invalid_photos) {
    check_failed(store.add("Anna", sample(face(1)), "text"), ErrorKind::malformed, "JPEG");
    const std::string start = "\xff\xd8\xff";
    check_failed(store.add("Anna", sample(face(1)), start + std::string(max_photo_bytes, 'x')),
                 ErrorKind::too_large, "bytes");
    BOOST_TEST(everything().empty());
    const auto anna = store.add("Anna", sample(face(1)), start);
    BOOST_REQUIRE(redis.run({"SET", keys::photo(anna->id), "<script>"}));
    check_failed(store.photo(anna->id), ErrorKind::malformed, anna->id);
}

BOOST_AUTO_TEST_CASE(the_list_is_sorted_by_name_and_counts_samples) {
    BOOST_REQUIRE(store.add("Cleo", sample(face(1))));
    BOOST_REQUIRE(store.add("Anna", sample(face(2))));
    BOOST_REQUIRE(store.add("anna", sample(face(3))));
    const auto second = store.add("Anna", sample(face(4)));
    BOOST_REQUIRE(second);
    const auto list = store.list();
    BOOST_REQUIRE(list);
    BOOST_REQUIRE(list->size() == 3U);
    BOOST_TEST((*list)[0].subject.name == "Anna");
    BOOST_TEST((*list)[0].samples == 2U);
    BOOST_TEST((*list)[0].subject.id == second->subject_id);
    BOOST_TEST((*list)[0].subject.created > 0);
    BOOST_TEST((*list)[1].subject.name == "Cleo");
    BOOST_TEST((*list)[2].subject.name == "anna");
    BOOST_TEST((*store.find(" Anna "))->id == second->subject_id);
}

BOOST_AUTO_TEST_CASE(shows_samples_in_the_order_in_which_they_were_added) {
    std::vector<std::string> added;
    for (std::uint32_t i = 0; i < 20; ++i) {
        added.push_back(store.add("Anna", sample(face(i)))->id);
    }
    std::vector<std::string> shown;
    const auto samples = store.show("Anna");
    for (const Sample& each : *samples) shown.push_back(each.id);
    BOOST_TEST(shown == added, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(rejects_invalid_names_and_samples) {
    check_refused(store.add("", sample(face(1))), "empty");
    check_refused(store.add("a\nb", sample(face(1))), "control characters");
    BOOST_TEST(!store.add("Anna", sample(Embedding{})));
    BOOST_TEST(!store.add("Anna", sample(face(1), "\x1b[2J")));
    BOOST_TEST(!store.add("Anna", sample(face(1), "a.jpg", "")));
    Sample poor = sample(face(1));
    poor.quality = -1;
    BOOST_TEST(!store.add("Anna", poor));
    BOOST_TEST(everything().empty());
}

BOOST_AUTO_TEST_CASE(rejects_a_sample_of_another_model_and_names_both_models) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    const auto other = store.add("Bert", sample(face(2), "b.jpg", "model-2"));
    check_refused(other, "move the gallery to it with `facebus gallery reembed`");
    BOOST_TEST(contains(other.error().message, "model-1"));
    BOOST_TEST(contains(other.error().message, "model-2"));
}

BOOST_AUTO_TEST_CASE(rejects_a_photo_that_the_subject_already_has) {
    const auto first = store.add("Anna", sample(axis(0), "anna/1.jpg"));
    BOOST_REQUIRE(first);
    check_failed(store.add("Anna", sample(axis(0))), ErrorKind::exists,
                 "already enrolled as sample " + first->id);
    check_failed(store.add("Anna", sample(between(0, 1, 0.99995F))), ErrorKind::exists,
                 "anna/1.jpg");
    Embedding shorter = axis(0);
    shorter[0] = 0.9995F;
    BOOST_REQUIRE(store.add("Bert", sample(shorter)));
    check_failed(store.add("Bert", sample(shorter)), ErrorKind::exists, "already enrolled");
    BOOST_TEST(store.add("Anna", sample(between(0, 1, 0.9998F))).has_value());
    BOOST_TEST(store.show("Anna")->size() == 2U);
}

BOOST_AUTO_TEST_CASE(successful_writes_change_the_version_and_rejected_writes_do_not) {
    std::set<std::string> versions{*store.version()};
    const auto changed = [&] { return versions.insert(*store.version()).second; };
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_TEST(changed());
    BOOST_TEST(!store.add("Anna", sample(face(1))));
    BOOST_TEST(!changed());
    BOOST_REQUIRE(store.set_calibration({}));
    BOOST_TEST(changed());
    BOOST_REQUIRE(store.set_ignored("Anna", true));
    BOOST_TEST(changed());
    BOOST_REQUIRE(store.remove("Anna"));
    BOOST_TEST(changed());
    check_refused(store.remove("Anna"), "the gallery has no subject named \"Anna\"");
    check_refused(store.show("Anna"), "no subject named");
    BOOST_TEST(!changed());
    BOOST_TEST((*store.load("m"))->version() == *store.version());
}

BOOST_AUTO_TEST_CASE(stores_the_calibration_and_rejects_invalid_values) {
    BOOST_REQUIRE(store.set_calibration({.fpir = 0.002, .base = {.margin = 0.125F}}));
    const auto stored = store.calibration();
    BOOST_REQUIRE((stored && stored->has_value()));
    BOOST_TEST((*stored)->fpir == 0.002);
    BOOST_TEST((*stored)->base.margin == 0.125F);
    BOOST_TEST(!store.set_calibration({.fpir = 5}));
    BOOST_REQUIRE(redis.run({"HSET", keys::calibration, "margin", "junk"}));
    BOOST_REQUIRE(!store.calibration());
    BOOST_TEST((store.calibration().error().kind == ErrorKind::malformed));
}

BOOST_AUTO_TEST_CASE(does_not_apply_thresholds_that_an_earlier_version_stored_for_similarities) {
    BOOST_TEST(!*store.has_old_policy());
    BOOST_REQUIRE(redis.run({"HSET", keys::policy, "threshold", "0.5", "margin", "0.05"}));
    BOOST_TEST(!store.calibration()->has_value());
    BOOST_TEST(*store.has_old_policy());
    BOOST_REQUIRE(store.set_calibration({}));
    BOOST_TEST(!*store.has_old_policy());
}

BOOST_AUTO_TEST_CASE(concurrent_additions_under_one_name_create_one_subject) {
    constexpr std::uint32_t names = 10;
    constexpr std::uint32_t each = 5;
    std::barrier together(2);
    std::array<std::atomic<int>, 2> failed{};
    const auto enrol = [&](std::uint32_t writer) {
        Store own(options);
        for (std::uint32_t name = 0; name < names; ++name) {
            together.arrive_and_wait();
            for (std::uint32_t i = 0; i < each; ++i) {
                const auto added = own.add("Name " + std::to_string(name),
                                           sample(face(1000 * writer + 10 * name + i)));
                if (!added) ++failed[writer];
            }
        }
    };
    std::thread other(enrol, 1);
    enrol(0);
    other.join();
    BOOST_TEST(failed[0] == 0);
    BOOST_TEST(failed[1] == 0);
    const auto list = store.list();
    BOOST_REQUIRE(list);
    BOOST_TEST(list->size() == names);
    for (const SubjectEntry& entry : *list) BOOST_TEST(entry.samples == 2 * each);
    BOOST_TEST(redis.run({"KEYS", "facebus:subject:*"})->elements().size() == 2 * names);
    BOOST_TEST((*store.load("model-1"))->samples() == 2 * each * names);
}

BOOST_AUTO_TEST_CASE(concurrent_additions_of_one_photo_create_one_sample) {
    for (std::uint32_t round = 0; round < 20; ++round) {
        const std::string name = std::to_string(round);
        std::barrier together(2);
        std::atomic<int> added = 0;
        const auto enrol = [&] {
            Store own(options);
            together.arrive_and_wait();
            if (own.add(name, sample(face(round)))) ++added;
        };
        std::thread other(enrol);
        enrol();
        other.join();
        BOOST_TEST(added == 1);
        BOOST_TEST(store.show(name)->size() == 1U);
    }
}

BOOST_AUTO_TEST_CASE(loads_every_subject_from_many_parts_of_the_gallery) {
    for (std::uint32_t i = 0; i < 300; ++i) {
        BOOST_REQUIRE(store.add("Name " + std::to_string(i), sample(face(i))));
    }
    BOOST_REQUIRE(store.add("Name 7", sample(face(1007))));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 300U);
    BOOST_TEST((*snapshot)->samples() == 301U);
    BOOST_TEST((*snapshot)->damaged_samples() == 0U);
    for (std::uint32_t i = 8; i < 300; ++i) {
        BOOST_TEST((*snapshot)->match(face(i)).best->name == "Name " + std::to_string(i));
    }
}

BOOST_AUTO_TEST_CASE(snapshots_loaded_during_additions_lose_no_samples) {
    std::atomic<bool> done = false;
    std::thread writer([&] {
        Store own(options);
        for (std::uint32_t i = 0; i < 200; ++i) {
            (void)own.add(std::to_string(i % 10), sample(face(i)));
        }
        done = true;
    });
    std::size_t last = 0;
    while (!done) {
        const auto snapshot = store.load("model-1");
        BOOST_REQUIRE(snapshot);
        BOOST_TEST((*snapshot)->samples() >= last);
        BOOST_TEST((*snapshot)->damaged_samples() == 0U);
        last = (*snapshot)->samples();
    }
    writer.join();
    const auto snapshot = store.load("model-1");
    BOOST_TEST((*snapshot)->samples() == 200U);
    BOOST_TEST((*snapshot)->version() == *store.version());
}

BOOST_AUTO_TEST_CASE(refreshing_a_snapshot_reads_only_changed_parts_and_applies_all_changes) {
    for (std::uint32_t i = 0; i < 50; ++i) {
        BOOST_REQUIRE(store.add("Name " + std::to_string(i), sample(face(i))));
    }
    const auto before = *store.load("model-1");
    BOOST_TEST((*store.refresh(before) == before));
    std::set<std::string> parts{keys::part_of(store.add("Cleo", sample(face(101)))->subject_id)};
    for (const char* name : {"Name 7", "Name 8", "Name 9"}) {
        parts.insert(keys::part_of((*store.find(name))->id));
    }
    BOOST_REQUIRE(store.add("Name 7", sample(face(107))));
    BOOST_REQUIRE(store.remove("Name 8"));
    BOOST_REQUIRE(store.set_ignored("Name 9", true));
    BOOST_REQUIRE(redis.run({"CONFIG", "RESETSTAT"}));
    const auto after = *store.refresh(before);
    // refresh() must have read only the changed parts, each with one SMEMBERS.
    const std::string statistics(redis.run({"INFO", "commandstats"})->text());
    const auto calls = fmt::format("cmdstat_smembers:calls={},", parts.size());
    BOOST_TEST(statistics.find(calls) != std::string::npos, statistics);
    BOOST_TEST(after->version() == *store.version());
    BOOST_TEST(after->subjects() == 50U);
    BOOST_TEST(after->samples() == 51U);
    BOOST_TEST(after->match(face(101)).best->name == "Cleo");
    BOOST_TEST(after->match(face(107)).best->name == "Name 7");
    BOOST_TEST(after->match(face(107)).best->similarity == after->match(face(7)).best->similarity,
               boost::test_tools::tolerance(0.1F));
    BOOST_TEST(after->match(face(8)).best->similarity < 0.5F);
    BOOST_TEST(after->match(face(9)).best->ignored);
    // The previous snapshot must be unchanged.
    BOOST_TEST(before->match(face(8)).best->name == "Name 8");
    BOOST_TEST(!before->match(face(9)).best->ignored);
}

BOOST_AUTO_TEST_CASE(reloads_the_gallery_if_the_change_stream_was_trimmed_damaged_or_deleted) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    const auto before = *store.load("model-1");
    BOOST_REQUIRE(store.add("Bert", sample(face(2))));
    BOOST_REQUIRE(redis.run({"XTRIM", keys::changes, "MAXLEN", "1"}));
    const auto trimmed = *store.refresh(before);
    BOOST_TEST(trimmed->subjects() == 2U);
    BOOST_TEST(trimmed->version() == *store.version());
    BOOST_REQUIRE(redis.run({"XADD", keys::changes, "*", "op", "what", "part", "../x"}));
    BOOST_TEST((*store.refresh(trimmed))->version() == *store.version());
    BOOST_REQUIRE(redis.run({"FLUSHALL"}));
    BOOST_TEST((*store.refresh(trimmed))->subjects() == 0U);
    BOOST_REQUIRE(store.add("Cleo", sample(face(3))));
    const auto other = *store.refresh(trimmed);
    BOOST_TEST(other->subjects() == 1U);
    BOOST_TEST(other->match(face(3)).best->name == "Cleo");
}

BOOST_AUTO_TEST_CASE(a_snapshot_for_another_model_omits_all_samples_but_counts_them) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_REQUIRE(store.add("Bert", sample(face(2))));
    const auto snapshot = *store.load("model-2");
    BOOST_TEST(snapshot->subjects() == 2U);
    BOOST_TEST(snapshot->samples() == 0U);
    BOOST_TEST(snapshot->other_model_samples() == 2U);
}

BOOST_AUTO_TEST_CASE(finds_samples_by_id_and_lists_them_in_pages) {
    std::vector<std::string> ids;
    for (std::uint32_t i = 0; i < 5; ++i) {
        ids.push_back(store.add(i < 2 ? "Anna" : "Bert", sample(face(i)))->id);
    }
    const auto all = *store.list();
    const auto found = [&](std::size_t first, std::size_t count) {
        std::vector<std::string> out;
        const auto part = *store.samples(all, first, count);
        for (const auto& each : part) out.push_back(each.sample.id);
        return out;
    };
    const std::vector<std::string> middle(ids.begin() + 1, ids.begin() + 4);
    BOOST_TEST((found(0, 9) == ids));
    BOOST_TEST((found(1, 3) == middle));
    BOOST_TEST(found(5, 3).empty());
    const auto one = *store.find_sample(ids[2]);
    BOOST_REQUIRE(one);
    BOOST_TEST(one->subject == "Bert");
    BOOST_TEST((one->sample.embedding == face(2)));
    BOOST_TEST(!store.find_sample("x")->has_value());
    BOOST_TEST(!store.find_sample(test::id("none"))->has_value());
}

BOOST_AUTO_TEST_SUITE_END()

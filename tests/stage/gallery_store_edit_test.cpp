// Tests of creating, renaming, ignoring and removing subjects and of removing samples.
#include <boost/test/unit_test.hpp>

#include "gallery/history/history.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::check_failed;
using facebus::test::check_refused;
using facebus::test::contains;
using facebus::test::face;
using facebus::test::probe;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

/// Returns bytes that check_photo() accepts. They differ for each seed, and Redis cannot compress
/// them in a dump.
std::string photo_of(std::uint32_t seed) {
    return "\xff\xd8\xff" + pack(face(1000 + seed));
}
/// Returns bytes that occur only in photo_of(seed).
std::string part_of_photo(std::uint32_t seed) {
    return photo_of(seed).substr(100, 64);
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_store_edit, test::GalleryFixture)

BOOST_AUTO_TEST_CASE(removing_a_subject_leaves_no_trace) {
    const auto anna = store.add("Anna Removed", sample(face(1), "removed/anna.jpg"), photo_of(1));
    const auto second = store.add("Anna Removed", sample(face(2)), photo_of(2));
    const auto bert = store.add("Bert", sample(face(3)), photo_of(3));
    BOOST_REQUIRE((anna && second && bert));

    History history(options, 1);
    TrackMemory memory(options, 600, "model-1");
    const std::string header = "\x82\xa2id" + anna->subject_id + "\xa4nameAnna Removed";
    BOOST_REQUIRE(history.append("identity.door", "bert was here", bert->subject_id, "door-1"));
    BOOST_REQUIRE(history.append("identity.door", header, anna->subject_id, "door-2"));
    BOOST_REQUIRE(history.append("identity.door", "margin over " + header, bert->subject_id,
                                 "door-3", {anna->subject_id}));
    BOOST_REQUIRE(history.append("identity.door", "an unknown person", "", "door-4"));
    // A result about an unknown person, in which one of Anna's samples is among the most similar
    // ones. The result must be erased, too.
    BOOST_REQUIRE(history.append(
        "identity.door", "samples\xd9\x20" + bert->id + "\xd9\x20" + second->id, "", "door-5"));
    BOOST_REQUIRE(history.append("identity.door", header, anna->subject_id, ""));
    for (const char* track : {"door-1", "door-2", "door-3", "door-4", "door-5"}) {
        BOOST_REQUIRE(memory.append(track, probe("p", face(track[5] == '2' ? 1 : 3), 0.5F)));
    }
    // A track of Anna without a result: it is not decided yet, or the history could not be written.
    BOOST_REQUIRE(memory.append("door-6", probe("p", face(3), 0.5F)));
    Embedding blurred = face(2);
    for (std::size_t i = 0; i < blurred.size(); ++i) blurred[i] += 2 * face(9)[i];
    normalise(blurred);
    BOOST_REQUIRE(memory.append("door-6", probe("q", blurred, 0.5F)));
    const auto last_id = [&] {
        return std::string(
            redis.eval("return redis.call('XINFO', 'STREAM', KEYS[1])[8]", {keys::results}, {})
                ->text());
    };
    const std::string last = last_id();
    const auto traces = [&] {
        const std::string all = everything();
        std::vector<std::string> found;
        for (const std::string& trace :
             {std::string("Anna Removed"), std::string("removed/anna.jpg"), anna->subject_id,
              anna->id, second->id, pack(face(1)).substr(100, 64), pack(face(2)).substr(100, 64),
              part_of_photo(1), part_of_photo(2), std::string("door-2"), std::string("door-3"),
              std::string("door-5"), std::string("door-6")}) {
            if (contains(all, trace)) found.push_back(trace);
        }
        return found.size();
    };
    BOOST_TEST(traces() == 13U);

    BOOST_REQUIRE(store.remove("Anna Removed"));
    erase();

    BOOST_TEST(traces() == 0U);
    BOOST_TEST(store.photo(bert->id)->value_or("") == photo_of(3));
    BOOST_TEST(store.list()->size() == 1U);
    const auto left = history.after("0-0", 100);
    BOOST_REQUIRE(left);
    BOOST_REQUIRE(left->size() == 2U);
    BOOST_TEST((*left)[0].header == "bert was here");
    BOOST_TEST((*left)[1].header == "an unknown person");
    BOOST_TEST(last_id() == last);
    BOOST_TEST(redis.run({"PTTL", keys::results})->number() > 0);
    BOOST_TEST(redis.run({"EXISTS", keys::track("door-1"), keys::track("door-4")})->number() == 2);
    // A late result from a worker with an outdated snapshot must not restore Anna's data.
    BOOST_REQUIRE(history.append("identity.door", header, anna->subject_id, "door-2"));
    BOOST_REQUIRE(
        history.append("identity.door", header, bert->subject_id, "door-1", {anna->subject_id}));
    BOOST_TEST(!contains(everything(), anna->subject_id));
}

BOOST_AUTO_TEST_CASE(
    removing_the_last_subject_leaves_only_streams_and_the_format_and_allows_another_model) {
    const auto anna = store.add("Anna", sample(face(1)));
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "x", anna->subject_id, "t"));
    BOOST_REQUIRE(store.remove("Anna"));
    erase();
    BOOST_TEST(history.after("0-0", 10)->empty());
    BOOST_TEST(!contains(everything(), anna->subject_id));
    // The format, the change stream and the empty result stream remain.
    BOOST_TEST(redis.run({"KEYS", "*"})->elements().size() == 3U);
    BOOST_TEST(store.add("Anna", sample(face(1), "a.jpg", "model-2")).has_value());
}

BOOST_AUTO_TEST_CASE(a_subject_can_exist_without_samples) {
    const auto anna = store.add_subject("  Anna ");
    BOOST_REQUIRE(anna);
    BOOST_TEST(anna->name == "Anna");
    check_failed(store.add_subject("Anna"), ErrorKind::exists, "Anna");
    check_refused(store.add_subject("\x01"), "control");
    BOOST_TEST(store.list()->front().samples == 0U);
    BOOST_TEST(store.add("Anna", sample(face(1)))->subject_id == anna->id);
    BOOST_TEST((*store.load("model-1"))->samples() == 1U);
}

BOOST_AUTO_TEST_CASE(renaming_keeps_id_and_samples_and_refreshed_snapshots_have_the_new_name) {
    const auto added = store.add("Ann", sample(face(1)));
    const auto before = *store.load("model-1");
    BOOST_TEST(*store.rename("Ann", "Anna") == false);
    BOOST_TEST(!store.find("Ann")->has_value());
    BOOST_TEST((*store.find("Anna"))->id == added->subject_id);
    BOOST_TEST((*store.refresh(before))->match(face(1)).best->name == "Anna");
    BOOST_TEST(*store.rename("Anna", "Anna") == false);
    BOOST_TEST(store.show("Anna")->size() == 1U);
    check_refused(store.rename("Nobody", "Anna"), "Nobody");
    check_refused(store.rename("Anna", ""), "empty");
}

BOOST_AUTO_TEST_CASE(renaming_to_an_existing_name_merges_the_subjects_and_erases_the_old_id) {
    const auto ann = store.add("Ann", sample(face(1), "1.jpg"), photo_of(1));
    const auto anna = store.add("Anna", sample(face(2), "2.jpg"));
    const auto before = *store.load("model-1");
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "names " + ann->subject_id, ann->subject_id, ""));
    BOOST_TEST(*store.rename("Ann", "Anna") == true);
    erase();
    BOOST_TEST(store.list()->size() == 1U);
    const auto samples = *store.show("Anna");
    BOOST_REQUIRE(samples.size() == 2U);
    BOOST_TEST(samples[0].id == anna->id);
    BOOST_TEST(samples[1].id == ann->id);
    BOOST_TEST(samples[1].subject_id == anna->subject_id);
    BOOST_TEST(store.photo(ann->id)->value_or("") == photo_of(1));
    const auto after = *store.refresh(before);
    BOOST_TEST(after->subjects() == 1U);
    BOOST_TEST(after->samples() == 2U);
    BOOST_TEST(after->match(face(1)).best->subject_id == anna->subject_id);
    BOOST_TEST(!contains(everything(), ann->subject_id));
}

BOOST_AUTO_TEST_CASE(merging_moves_the_samples_and_requires_two_existing_subjects) {
    const auto ann = store.add("Ann", sample(face(1)), photo_of(1));
    BOOST_REQUIRE(store.add("Ann", sample(face(3))));
    BOOST_REQUIRE(store.add("Anna", sample(face(2))));
    check_refused(store.merge("Ann", "Nobody"), "Nobody");
    check_refused(store.merge("Nobody", "Ann"), "Nobody");
    check_refused(store.merge("Ann", " Ann "), "same person");
    BOOST_TEST(store.list()->size() == 2U);
    BOOST_TEST(*store.merge("Ann", "Anna") == 2U);
    erase();
    BOOST_TEST(!store.find("Ann")->has_value());
    BOOST_TEST(store.show("Anna")->size() == 3U);
    BOOST_TEST(store.photo(ann->id)->value_or("") == photo_of(1));
    BOOST_TEST(!contains(everything(), ann->subject_id));
}

BOOST_AUTO_TEST_CASE(renaming_to_a_taken_name_changes_nothing_if_merging_is_not_wanted) {
    BOOST_REQUIRE(store.add("Ann", sample(face(1))));
    BOOST_REQUIRE(store.add("Anna", sample(face(2))));
    const auto version = *store.version();
    check_failed(store.rename("Ann", "Anna", Store::IfTaken::fail), ErrorKind::exists, "Anna");
    BOOST_TEST(*store.version() == version);
    BOOST_TEST(*store.rename("Ann", "Bea", Store::IfTaken::fail) == false);
    BOOST_TEST(store.find("Bea")->has_value());
}

BOOST_AUTO_TEST_CASE(removes_a_sample_only_of_the_named_subject) {
    const auto one = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(store.add("Bert", sample(face(2))));
    check_refused(store.remove_sample(one->id, "Bert"), "belongs to \"Anna\"");
    check_refused(store.remove_sample(one->id, "Nobody"), "Nobody");
    BOOST_TEST(store.show("Anna")->size() == 1U);
    BOOST_TEST(*store.remove_sample(one->id, " Anna ") == "Anna");
    BOOST_TEST(store.show("Anna")->empty());
}

BOOST_AUTO_TEST_CASE(
    removing_a_sample_erases_the_results_that_contain_its_id_and_tracks_that_could_show_it) {
    const auto one = store.add("Anna", sample(face(1), "1.jpg"), photo_of(1));
    const auto two = store.add("Anna", sample(face(2), "2.jpg"), photo_of(2));
    const auto before = *store.load("model-1");
    History history(options, 1);
    BOOST_REQUIRE(history.append("identity.door", "by " + one->id, one->subject_id, ""));
    BOOST_REQUIRE(history.append("identity.door", "by " + two->id, two->subject_id, ""));
    TrackMemory memory(options, 600, "model-1");
    BOOST_REQUIRE(memory.append("door-1", probe("p", face(1), 0.5F)));
    BOOST_REQUIRE(memory.append("door-2", probe("p", face(2), 0.5F)));
    BOOST_TEST(*store.remove_sample(one->id) == "Anna");
    erase();
    BOOST_TEST(redis.run({"EXISTS", keys::track("door-1")})->number() == 0);
    BOOST_TEST(redis.run({"EXISTS", keys::track("door-2")})->number() == 1);
    BOOST_TEST(store.show("Anna")->front().id == two->id);
    BOOST_TEST(!contains(everything(), one->id));
    BOOST_TEST(!contains(everything(), part_of_photo(1)));
    BOOST_TEST(store.photo(two->id)->value_or("") == photo_of(2));
    BOOST_TEST(history.after("0-0", 10)->size() == 1U);
    BOOST_TEST((*store.refresh(before))->samples() == 1U);
    check_refused(store.remove_sample(one->id), "no sample with this id");
    check_refused(store.remove_sample("x"), "no sample with this id");
    BOOST_TEST(store.remove_sample(two->id).has_value());
    BOOST_TEST(store.show("Anna")->empty());
}

BOOST_AUTO_TEST_CASE(removing_all_samples_keeps_the_subject) {
    const auto anna = store.add("Anna", sample(face(1)), photo_of(1));
    BOOST_REQUIRE(store.add("Anna", sample(face(2)), photo_of(2)));
    BOOST_REQUIRE(store.add("Bert", sample(face(3))));
    BOOST_TEST(*store.remove_samples("Anna") == 2U);
    erase();
    BOOST_TEST(!contains(everything(), anna->id));
    BOOST_TEST(redis.run({"KEYS", keys::photo_prefix + "*"})->elements().empty());
    BOOST_TEST(store.show("Anna")->empty());
    BOOST_TEST(store.show("Bert")->size() == 1U);
    check_refused(store.remove_samples("Nobody"), "Nobody");
}

BOOST_AUTO_TEST_CASE(removes_all_subjects_or_only_their_samples) {
    for (const char* name : {"Anna", "Bert", "Cleo"}) {
        BOOST_REQUIRE(
            store.add(name, sample(face(static_cast<std::uint32_t>(name[0]))), photo_of(1)));
    }
    BOOST_REQUIRE(store.add("Anna", sample(face(1)), photo_of(2)));
    BOOST_TEST(*store.remove_all(false) == 4U);
    BOOST_TEST(redis.run({"KEYS", keys::photo_prefix + "*"})->elements().empty());
    BOOST_TEST(store.list()->size() == 3U);
    BOOST_TEST(*store.remove_all(true) == 3U);
    erase();
    // The format and the change stream remain.
    BOOST_TEST(redis.run({"KEYS", "*"})->elements().size() == 2U);
    BOOST_TEST(*store.remove_all(true) == 0U);
}

BOOST_AUTO_TEST_CASE(removal_from_a_long_result_stream_keeps_other_results_and_their_ids) {
    const auto anna = store.add("Anna", sample(face(1)));
    const auto bert = store.add("Bert", sample(face(2)));
    History history(options, 1);
    for (int i = 0; i < 1200; ++i) {
        const auto& whose = i % 3 == 0 ? anna->subject_id : bert->subject_id;
        BOOST_REQUIRE(history.append("identity.door", std::to_string(i), whose, ""));
    }
    auto expected = *history.after("0-0", 5000);
    BOOST_TEST(expected.size() == 1200U);
    std::erase_if(expected, [](const auto& entry) { return std::stoi(entry.header) % 3 == 0; });
    BOOST_REQUIRE(store.remove("Anna"));
    erase();
    const auto left = *history.after("0-0", 5000);
    BOOST_REQUIRE(left.size() == 800U);
    for (std::size_t i = 0; i < left.size(); ++i) {
        BOOST_TEST(left[i].id == expected[i].id);
        BOOST_TEST(left[i].header == expected[i].header);
    }
}

BOOST_AUTO_TEST_CASE(an_ignored_subject_is_marked_in_lists_and_snapshots_until_it_is_unmarked) {
    const auto anna = store.add("Anna", sample(face(1)));
    BOOST_REQUIRE(store.add("Bert", sample(face(2))));
    const auto before = *store.load("model-1");
    // Checks that all functions agree on whether Anna is ignored, and that Bert is not ignored.
    // Returns whether Anna is ignored.
    const auto anna_is_ignored = [&](const std::shared_ptr<const Snapshot>& snapshot) {
        const std::vector<bool> all{store.list()->front().subject.ignored,
                                    (*store.find("Anna"))->ignored,
                                    snapshot->match(face(1)).best->ignored,
                                    (*store.load("model-1"))->match(face(1)).best->ignored};
        BOOST_TEST(!snapshot->match(face(2)).best->ignored);
        BOOST_TEST((std::ranges::count(all, true) % 4) == 0);
        return all.front();
    };
    BOOST_TEST(!anna_is_ignored(before));
    BOOST_REQUIRE(store.set_ignored(" Anna ", true));
    const auto ignored = *store.refresh(before);
    BOOST_TEST(anna_is_ignored(ignored));
    BOOST_TEST(!before->match(face(1)).best->ignored);
    // None of these changes removes the mark.
    BOOST_REQUIRE(store.add("Anna", sample(face(3))));
    BOOST_REQUIRE(store.rename("Anna", "Ann"));
    BOOST_REQUIRE(store.rename("Ann", "Anna"));
    BOOST_REQUIRE(store.remove_sample(anna->id));
    BOOST_REQUIRE(store.remove_samples("Anna"));
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    const auto edited = *store.refresh(ignored);
    BOOST_TEST(anna_is_ignored(edited));
    BOOST_REQUIRE(store.set_ignored("Anna", false));
    BOOST_TEST(!anna_is_ignored(*store.refresh(edited)));
    check_refused(store.set_ignored("Nobody", true), "Nobody");
}

BOOST_AUTO_TEST_CASE(a_merged_subject_is_ignored_if_either_subject_was_ignored) {
    for (const std::string ignored : {"from", "into"}) {
        BOOST_REQUIRE(store.add("from", sample(face(1))));
        BOOST_REQUIRE(store.add("into", sample(face(2))));
        BOOST_REQUIRE(store.set_ignored(ignored, true));
        const auto before = *store.load("model-1");
        BOOST_REQUIRE(*store.rename("from", "into"));
        BOOST_TEST(store.list()->front().subject.ignored);
        BOOST_TEST((*store.refresh(before))->match(face(1)).best->ignored);
        BOOST_REQUIRE(store.remove("into"));
    }
}

BOOST_AUTO_TEST_CASE(erases_stored_results_and_drops_new_ones_that_name_an_ignored_subject) {
    const auto anna = store.add("Anna", sample(face(1)));
    const auto bert = store.add("Bert", sample(face(2)));
    History history(options, 1);
    const auto append_three = [&] {
        BOOST_REQUIRE(
            history.append("identity.door", "is " + anna->subject_id, anna->subject_id, ""));
        BOOST_REQUIRE(history.append("identity.door", "bert before " + anna->subject_id,
                                     bert->subject_id, "", {anna->subject_id}));
        BOOST_REQUIRE(history.append("identity.door", "bert", bert->subject_id, ""));
    };
    append_three();
    BOOST_REQUIRE(store.set_ignored("Anna", true));
    erase();
    BOOST_TEST(history.after("0-0", 10)->size() == 1U);
    append_three();  // as a worker with an outdated snapshot does
    BOOST_TEST(history.after("0-0", 10)->size() == 2U);
    BOOST_REQUIRE(store.set_ignored("Anna", false));
    append_three();
    BOOST_TEST(history.after("0-0", 10)->size() == 5U);
}

BOOST_AUTO_TEST_SUITE_END()

// Tests of subject names. New names are stored in one form (NFC, without invisible characters).
// Subjects that earlier versions stored under other forms of a name can still be found.
#include <boost/test/unit_test.hpp>

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

namespace {

const std::string composed = "Zoë";
const std::string decomposed = "Zoe\u0308";
const std::string invisible = "Al\u200bice";

struct Fixture : test::GalleryFixture {
    /// Adds a subject with one sample under exactly this name, as earlier versions did. Returns its
    /// id.
    std::string add_old(const std::string& name, std::uint32_t seed) {
        const auto added = store.add("temporary", sample(face(seed)));
        BOOST_REQUIRE(added);
        const auto& id = added->subject_id;
        BOOST_REQUIRE(redis.run({"HDEL", keys::names, "temporary"}));
        BOOST_REQUIRE(redis.run({"HSET", keys::names, name, id}));
        BOOST_REQUIRE(redis.run({"HSET", keys::subject(id), "name", name}));
        return id;
    }
    std::vector<std::string> names() {
        std::vector<std::string> all;
        for (const auto& entry : store.list().value()) all.push_back(entry.subject.name);
        return all;
    }
};

using Names = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_names, Fixture)

BOOST_AUTO_TEST_CASE(names_that_differ_only_in_normalisation_are_one_subject) {
    const auto first = store.add(decomposed, sample(face(1)));
    const auto second = store.add(composed, sample(face(2)));
    BOOST_REQUIRE((first && second));
    BOOST_TEST(first->subject_id == second->subject_id);
    BOOST_TEST((names() == Names{composed}));
    check_failed(store.add_subject(decomposed), ErrorKind::exists, composed);
    BOOST_TEST(store.show(decomposed)->size() == 2U);
    BOOST_REQUIRE(store.set_ignored(decomposed, true));
    BOOST_TEST(store.find(composed).value().value().ignored);
    BOOST_REQUIRE(store.remove(decomposed));
    BOOST_TEST(names().empty());
}

BOOST_AUTO_TEST_CASE(new_names_must_not_contain_invisible_characters) {
    check_refused(store.add(invisible, sample(face(1))), "U+200B");
    check_refused(store.add_subject("Bob\u202e"), "U+202E");
    BOOST_REQUIRE(store.add_subject("Ann"));
    check_refused(store.rename("Ann", "Ann\u2066"), "U+2066");
    BOOST_TEST((names() == Names{"Ann"}));
    BOOST_REQUIRE(store.rename("Ann", decomposed));
    BOOST_TEST((names() == Names{composed}));
}

BOOST_AUTO_TEST_CASE(subjects_of_earlier_versions_are_found_under_their_name) {
    const auto zoe = add_old(decomposed, 1);
    const auto alice = add_old(invisible, 2);
    BOOST_TEST((names() == Names{invisible, decomposed}));
    const auto snapshot = store.load("model-1");
    BOOST_REQUIRE(snapshot);
    BOOST_TEST((*snapshot)->subjects() == 2U);
    // Both forms of the name find the subject, and add() adds the sample to this subject.
    BOOST_TEST(store.find(composed).value().value().id == zoe);
    BOOST_TEST(store.find(decomposed).value().value().name == decomposed);
    BOOST_TEST(store.add(composed, sample(face(3)))->subject_id == zoe);
    BOOST_TEST(store.add(invisible, sample(face(4)))->subject_id == alice);
    BOOST_TEST((names() == Names{invisible, decomposed}));
}

BOOST_AUTO_TEST_CASE(subjects_of_earlier_versions_can_be_renamed_and_removed) {
    const auto zoe = add_old(decomposed, 1);
    add_old(invisible, 2);
    BOOST_TEST(store.rename(decomposed, decomposed).value() == false);
    BOOST_TEST((names() == Names{invisible, composed}));
    BOOST_TEST(store.find(composed).value().value().id == zoe);
    BOOST_TEST(store.rename(invisible, "Alice").value() == false);
    BOOST_TEST((names() == Names{"Alice", composed}));
    add_old(invisible, 3);
    BOOST_REQUIRE(store.remove(invisible));
    BOOST_TEST((names() == Names{"Alice", composed}));
}

BOOST_AUTO_TEST_CASE(two_forms_of_a_name_in_an_old_gallery_are_two_subjects_until_they_are_merged) {
    const auto one = add_old(decomposed, 1);
    const auto other = add_old(composed, 2);
    BOOST_TEST(store.find(decomposed).value().value().id == one);
    BOOST_TEST(store.find(composed).value().value().id == other);
    BOOST_TEST(store.rename(decomposed, decomposed).value());
    BOOST_TEST((names() == Names{composed}));
    BOOST_TEST(store.show(composed)->size() == 2U);
    BOOST_TEST(store.find(decomposed).value().value().id == other);
}

BOOST_AUTO_TEST_SUITE_END()

// Tests of hiding people who were removed from the gallery.
#include <boost/test/unit_test.hpp>

#include "gateway/live/removed_people.hpp"
#include "support/example_messages.hpp"
#include "support/faces.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

/// Returns a snapshot with these subjects.
gallery::Snapshot gallery_of(const std::vector<std::string>& ids, const std::string& version) {
    std::vector<gallery::Subject> subjects;
    for (const auto& id : ids) subjects.push_back({test::id(id), "name " + id, 0});
    return {"m", subjects, {}, version};
}

/// Returns a result that names the subject "a" and the runner-up "b".
wire::Identity result(const std::string& worker_version) {
    auto identity = examples::identity();
    identity.subject_id = test::id("a");
    identity.runner_up->subject_id = test::id("b");
    identity.gallery = worker_version;
    return identity;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_result_about_a_removed_person_is_dropped) {
    const auto gallery = gallery_of({"b"}, "20-5");
    for (const char* version : {"20-5", "20-4", "9-99", "0-0"}) {
        BOOST_TEST(names_removed(result(version), gallery));
        BOOST_TEST(!without_removed(result(version), gallery));
    }
}

BOOST_AUTO_TEST_CASE(a_removed_runner_up_is_omitted) {
    const auto gallery = gallery_of({"a"}, "20-5");
    BOOST_TEST(names_removed(result("20-4"), gallery));
    const auto shown = without_removed(result("20-4"), gallery);
    BOOST_REQUIRE(shown);
    BOOST_TEST(*shown->subject_id == test::id("a"));
    BOOST_TEST(!shown->runner_up);
}

BOOST_AUTO_TEST_CASE(an_ambiguous_result_is_dropped_if_either_person_is_removed) {
    auto ambiguous = result("20-4");
    ambiguous.decision = wire::Decision::undecided;
    ambiguous.subject.reset();
    ambiguous.subject_id.reset();
    ambiguous.best = {test::id("a"), "name a", 0.3};
    for (const char* kept : {"a", "b"}) {
        BOOST_TEST(names_removed(ambiguous, gallery_of({kept}, "20-5")));
        BOOST_TEST(!without_removed(ambiguous, gallery_of({kept}, "20-5")));
    }
    BOOST_TEST(without_removed(ambiguous, gallery_of({"a", "b"}, "20-5"))->best.has_value());
}

BOOST_AUTO_TEST_CASE(an_ignored_person_is_hidden_like_a_removed_one) {
    const auto gallery_with_ignored = [](const std::string& ignored) {
        std::vector<gallery::Subject> subjects{{test::id("a"), "Anna", 0},
                                               {test::id("b"), "Bert", 0}};
        for (auto& subject : subjects) subject.ignored = subject.id == test::id(ignored);
        return gallery::Snapshot("m", subjects, {}, "20-5");
    };
    BOOST_TEST(names_removed(result("20-4"), gallery_with_ignored("a")));
    BOOST_TEST(!without_removed(result("20-4"), gallery_with_ignored("a")));
    BOOST_TEST(!without_removed(result("20-4"), gallery_with_ignored("b"))->runner_up);
    BOOST_TEST(without_removed(result("20-6"), gallery_with_ignored("a")).has_value());
}

BOOST_AUTO_TEST_CASE(shows_a_person_that_only_a_newer_gallery_contains) {
    const auto gallery = gallery_of({}, "20-5");
    for (const char* version : {"20-6", "20-10", "21-0", "100-0"}) {
        BOOST_TEST(!names_removed(result(version), gallery));
        BOOST_TEST(without_removed(result(version), gallery)->runner_up.has_value());
    }
}

BOOST_AUTO_TEST_CASE(results_about_enrolled_and_unknown_people_are_unchanged) {
    const auto gallery = gallery_of({"a", "b"}, "20-5");
    BOOST_TEST(!names_removed(result("20-5"), gallery));
    BOOST_TEST(without_removed(result("20-5"), gallery)->runner_up.has_value());
    auto unknown = result("20-5");
    unknown.subject_id.reset();
    unknown.runner_up.reset();
    BOOST_TEST(without_removed(unknown, gallery_of({}, "20-5")).has_value());
}

// Tests that a change to a gallery of more than 50,000 samples takes effect immediately, before the
// gallery is recalibrated.
#include <algorithm>

#include <boost/test/unit_test.hpp>

#include "gallery/id.hpp"
#include "gallery/score/cohort.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "live_gallery/gallery_watcher.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"
#include "support/runtime.hpp"

using namespace facebus;
using namespace facebus::live_gallery;
using namespace facebus::gallery;
using facebus::test::face;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

constexpr std::uint32_t subjects = 2501;
constexpr std::uint32_t samples_each = 20;

/// Returns the embedding with its elements rotated by `count` positions.
Embedding rotated_elements(Embedding embedding, std::uint32_t count) {
    std::ranges::rotate(embedding, embedding.begin() + count);
    return embedding;
}

struct Fixture : test::GalleryFixture, test::TestRuntime {
    Fixture() : TestRuntime("recognize") {}

    const std::string model = shipped_cohorts().front().model_id;

    /// Enrols all subjects. Writes the same records as Store::add(), but in large pipelines.
    void fill_gallery() {
        std::vector<Redis::Command> commands{{"SET", keys::model, model}};
        for (std::uint32_t i = 0; i < subjects; ++i) {
            const auto subject = new_id();
            const auto name = fmt::format("Name {}", i);
            commands.push_back({"HSET", keys::names, name, subject});
            commands.push_back({"SADD", keys::part(keys::part_of(subject)), subject});
            commands.push_back({"HSET", keys::subject(subject), "name", name, "created", "1"});
            const auto first = face(i);
            for (std::uint32_t k = 0; k < samples_each; ++k) {
                auto sample = test::sample(rotated_elements(first, k), "", model);
                sample.id = new_id();
                sample.subject_id = subject;
                commands.push_back(write_sample(sample));
                commands.push_back({"RPUSH", keys::subject_samples(subject), sample.id});
            }
            if (commands.size() < 1000) continue;
            BOOST_REQUIRE(redis.pipeline(commands));
            commands.clear();
        }
        commands.push_back({"XADD", keys::changes, "*", "op", "add", "part", ""});
        BOOST_REQUIRE(redis.pipeline(commands));
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(applies_changes_to_a_large_gallery_immediately, Fixture) {
    fill_gallery();
    GalleryWatcher watcher(runtime, options, {}, model);
    const auto best_name = [&](const Embedding& embedding) {
        return watcher.view().snapshot->match(embedding).best->name;
    };
    constexpr std::size_t before = std::size_t{subjects} * samples_each;
    BOOST_TEST(watcher.view().snapshot->samples() == before);

    const auto anna = face(1'000'000);
    BOOST_REQUIRE(store.add("Anna", test::sample(anna, "", model)));
    watcher.refresh();
    BOOST_TEST(watcher.view().snapshot->samples() == before + 1);
    BOOST_TEST(best_name(anna) == "Anna");

    BOOST_REQUIRE(store.remove("Name 7"));
    watcher.refresh();
    BOOST_TEST(watcher.view().snapshot->samples() == before + 1 - samples_each);
    BOOST_TEST(best_name(face(7)) != "Name 7");
    BOOST_TEST(best_name(face(8)) == "Name 8");
    BOOST_TEST(!watcher.stale());
}

BOOST_FIXTURE_TEST_CASE(recalibrates_when_the_gallery_grows_or_a_rate_is_stored, Fixture) {
    BOOST_REQUIRE(store.add("Anna", test::sample(face(1), "", model)));
    GalleryWatcher watcher(runtime, options, {}, model);
    const auto alone = watcher.view().policy.threshold;
    for (std::uint32_t i = 2; i < 30; ++i) {
        BOOST_REQUIRE(store.add(fmt::format("Name {}", i), test::sample(face(i), "", model)));
    }
    watcher.refresh();
    const auto among_others = watcher.view().policy.threshold;
    BOOST_TEST(among_others > alone);
    BOOST_REQUIRE(store.set_calibration({.fpir = 0.001}));
    watcher.refresh();
    BOOST_TEST(watcher.view().policy.threshold > among_others);
}

BOOST_FIXTURE_TEST_CASE(applies_an_adaptation_with_the_same_thresholds_until_it_is_removed,
                        Fixture) {
    BOOST_REQUIRE(store.add("Anna", test::sample(face(1), "", model)));
    GalleryWatcher watcher(runtime, options, {}, model);
    const auto threshold = watcher.view().policy.threshold;
    Adaptation adaptation;
    adaptation.model_id = model;
    adaptation.method = "centring";
    adaptation.mean = face(2);
    BOOST_REQUIRE(store.set_adaptation(adaptation));
    watcher.refresh();
    BOOST_TEST(watcher.view().snapshot->space().adaptation() != nullptr);
    BOOST_TEST(watcher.view().policy.threshold == threshold);
    BOOST_REQUIRE(store.clear_adaptation());
    watcher.refresh();
    BOOST_TEST(watcher.view().snapshot->space().adaptation() == nullptr);
}

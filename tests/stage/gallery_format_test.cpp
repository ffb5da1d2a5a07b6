// Tests of the version of the data in Redis and its migration.
#include <fstream>

#include <boost/test/unit_test.hpp>

#include "base/temporary_folder.hpp"
#include "gallery/history/history.hpp"
#include "gallery/store/format.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "support/faces.hpp"
#include "support/gallery_fixture.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::check_failed;
using facebus::test::face;
using facebus::test::probe;
using facebus::test::sample;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct FormatFixture : test::GalleryFixture {
    void set_format(const std::string& version) {
        BOOST_REQUIRE(redis.run({"SET", keys::format, version}));
    }
    std::string stored_format() { return std::string(redis.run({"GET", keys::format})->text()); }
    /// Returns a step that appends `text` to the key `steps`.
    static Migration step(const std::string& text) {
        return {text, [text](Redis& to) -> Result<void> {
                    const auto done = to.run({"APPEND", "steps", text});
                    if (!done) return std::unexpected(done.error());
                    return {};
                }};
    }
};

bool proceed(const Migration&) {
    return true;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_format, FormatFixture)

BOOST_AUTO_TEST_CASE(the_first_write_stores_the_format) {
    BOOST_TEST(stored_format().empty());
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    BOOST_TEST(stored_format() == "1");
}

BOOST_AUTO_TEST_CASE(new_connections_refuse_data_of_another_format) {
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    set_format("2");
    constexpr const char* words = "has format 2, but this program supports only format 1; upgrade";
    const auto unavailable = ErrorKind::unavailable;
    check_failed(Store(options).list(), unavailable, words);
    check_failed(History(options, 1).append("identity.door", "x", "", ""), unavailable, words);
    check_failed(TrackMemory(options, 60, "m").append("t", probe("1", face(1), 1)), unavailable,
                 words);
    BOOST_CHECK_EXCEPTION(require_format(options), FatalError,
                          [](const FatalError& error) { return error.code() == Exit::config; });
    set_format("nonsense");
    check_failed(Store(options).list(), ErrorKind::malformed, keys::format);
    set_format("1");
    BOOST_TEST(Store(options).list().has_value());
    BOOST_CHECK_NO_THROW(require_format(options));
}

BOOST_AUTO_TEST_CASE(open_connections_refuse_to_load_and_write_data_of_another_format) {
    const auto snapshot = store.load("model-1").value();
    BOOST_REQUIRE(store.add("Anna", sample(face(1))));
    set_format("2");
    check_failed(store.refresh(snapshot), ErrorKind::unavailable, "format 2");
    check_failed(store.add("Bob", sample(face(2))), ErrorKind::unavailable, "format 2");
    BOOST_TEST(redis.run({"HLEN", keys::names})->number() == 1);
}

BOOST_AUTO_TEST_CASE(users_without_the_right_to_read_the_format_are_accepted) {
    BOOST_REQUIRE(redis.run({"ACL", "SETUSER", "old", "on", ">secret", "-@all", "+eval", "+xadd",
                             "+time", "+pexpire", "+exists", "+hexists", "~facebus:results"}));
    const TemporaryFolder folder;
    std::ofstream(folder / "password") << "secret\n";
    auto old = options;
    old.user = "old";
    old.password_file = folder / "password";
    History history(old, 1);
    BOOST_TEST(history.append("identity.door", "x", "", "").has_value());
}

BOOST_AUTO_TEST_CASE(migration_runs_only_the_missing_steps_in_order) {
    BOOST_TEST(migrations().size() + 1 == static_cast<std::size_t>(format_version));
    set_format("2");
    BOOST_TEST(migrate(redis, {step("a"), step("b"), step("c")}, proceed).value() == 4);
    BOOST_TEST(redis.run({"GET", "steps"})->text() == "bc");
    BOOST_TEST(stored_format() == "4");
    BOOST_TEST(migrate(redis, {step("a"), step("b"), step("c")}, proceed).value() == 4);
    BOOST_TEST(redis.run({"GET", "steps"})->text() == "bc");
    check_failed(migrate(redis, {step("a")}, proceed), ErrorKind::unavailable, "format 4");
}

BOOST_AUTO_TEST_CASE(migration_continues_with_the_step_that_failed_or_was_not_begun) {
    const Migration failing{
        "b", [](Redis&) -> Result<void> { return fail(ErrorKind::unavailable, "no space"); }};
    check_failed(migrate(redis, {step("a"), failing}, proceed), ErrorKind::unavailable, "no space");
    BOOST_TEST(stored_format() == "2");
    const auto stop = [](const Migration&) { return false; };
    BOOST_TEST(migrate(redis, {step("a"), step("b")}, stop).value() == 2);
    BOOST_TEST(migrate(redis, {step("a"), step("b")}, proceed).value() == 3);
    BOOST_TEST(redis.run({"GET", "steps"})->text() == "ab");
}

BOOST_AUTO_TEST_SUITE_END()

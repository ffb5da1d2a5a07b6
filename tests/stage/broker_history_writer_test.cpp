// Tests of HistoryWriter, with a real Redis server.
#include <array>

#include <boost/test/unit_test.hpp>

#include "broker/history_writer.hpp"
#include "gallery/redis/redis.hpp"
#include "support/example_messages.hpp"
#include "support/redis_server.hpp"
#include "support/runtime.hpp"

using namespace facebus;
using namespace facebus::broker;
using test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture : test::TestRuntime {
    Fixture() : TestRuntime("broker") {}

    void append(const std::string& probe) {
        auto identity = examples::minimal(examples::identity());
        identity.probe = probe;
        writer.append(identity, "track-of-" + probe);
    }

    /// Blocks until a result is stored, and returns the id of its probe.
    std::string wait_stored() {
        while (true) {
            if (const auto stored = writer.next_stored()) {
                BOOST_TEST(stored->track == "track-of-" + stored->probe);
                return stored->probe;
            }
            poller.wait_readable(writer.stored(), -1);
        }
    }

    /// Blocks until the writer has counted an error of this kind.
    void wait_error(const std::string& kind) const {
        while (metrics.text().find("facebus_errors_total{kind=\"" + kind + "\"}") ==
               std::string::npos) {
            stop.wait_ms(10);
        }
    }

    std::size_t stored_in_redis() {
        return gallery::History(options, 1).after("0-0", 100).value().size();
    }

    void configure(const std::string& name, const std::string& value) {
        BOOST_REQUIRE(gallery::Redis(options).run({"CONFIG", "SET", name, value}).has_value());
    }

    test::RedisServer redis;
    gallery::RedisOptions options{.url = redis.url(), .timeout_ms = 200};
    HistoryWriter writer{runtime, options, {.hours = 1}};
    bus::Poller poller{stop, heartbeat};
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(broker_history_writer, Fixture)

BOOST_AUTO_TEST_CASE(reports_results_after_they_are_stored) {
    append("a");
    append("b");
    BOOST_TEST(wait_stored() == "a");
    BOOST_TEST(wait_stored() == "b");
    BOOST_TEST(!writer.next_stored());
    BOOST_TEST(stored_in_redis() == 2U);
}

BOOST_AUTO_TEST_CASE(stores_results_in_order_when_redis_is_available_again) {
    redis.stop();
    for (const char* probe : {"a", "b", "c"}) append(probe);
    wait_error("unavailable");
    BOOST_TEST(!writer.next_stored());
    redis.start();
    for (const char* probe : {"a", "b", "c"}) BOOST_TEST(wait_stored() == probe);
    BOOST_TEST(stored_in_redis() == 3U);
}

BOOST_AUTO_TEST_CASE(stores_results_in_order_when_redis_accepts_writes_again) {
    configure("maxmemory", "1");
    for (const char* probe : {"a", "b", "c"}) append(probe);
    wait_error("refused");
    BOOST_TEST(!writer.next_stored());
    configure("maxmemory", "0");
    for (const char* probe : {"a", "b", "c"}) BOOST_TEST(wait_stored() == probe);
    BOOST_TEST(stored_in_redis() == 3U);
}

BOOST_AUTO_TEST_CASE(stores_the_queued_results_before_it_finishes) {
    configure("maxmemory", "1");
    for (const char* probe : {"a", "b", "c"}) append(probe);
    wait_error("refused");
    configure("maxmemory", "0");
    writer.finish();
    for (const char* probe : {"a", "b", "c"}) {
        const auto stored = writer.next_stored();
        BOOST_REQUIRE(stored);
        BOOST_TEST(stored->probe == probe);
    }
    BOOST_TEST(!writer.enabled());
}

BOOST_AUTO_TEST_CASE(stores_a_result_once_if_redis_stores_it_but_replies_too_late) {
    append("a");
    BOOST_TEST(wait_stored() == "a");
    redis.freeze(true);
    append("b");
    wait_error("unavailable");
    redis.freeze(false);
    BOOST_TEST(wait_stored() == "b");
    append("c");
    BOOST_TEST(wait_stored() == "c");
    BOOST_TEST(stored_in_redis() == 3U);
}

BOOST_AUTO_TEST_CASE(finishes_without_redis_and_reports_nothing_as_stored) {
    redis.stop();
    append("a");
    writer.finish();
    BOOST_TEST(!writer.next_stored());
}

BOOST_AUTO_TEST_SUITE_END()

// Tests of TrackCache, through which workers share the probes of tracks, with a Redis server that
// also stops and restarts.
#include <boost/test/unit_test.hpp>

#include "recognize/track_cache.hpp"
#include "support/redis_server.hpp"
#include "support/runtime.hpp"

using namespace facebus;
using namespace facebus::recognize;

using test::SkipWithoutRedis;
BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture : test::TestRuntime {
    Fixture() : TestRuntime("recognize") {}

    TrackCache worker_cache() { return {runtime, {.url = server.url()}, 600, "model"}; }

    static gallery::Probe probe(const std::string& id) {
        gallery::Probe out;
        out.id = id;
        out.embedding[0] = 1;
        out.quality = 0.5F;
        return out;
    }

    static std::vector<std::string> ids(const std::vector<gallery::Probe>& probes) {
        std::vector<std::string> all;
        for (const auto& each : probes) all.push_back(each.id);
        return all;
    }

    test::RedisServer server;
};

using Ids = std::vector<std::string>;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(recognize_track_cache, Fixture)

BOOST_AUTO_TEST_CASE(returns_probes_of_other_workers) {
    auto one = worker_cache();
    auto other = worker_cache();
    one.remember("door-1", probe("door-1/0001"));
    BOOST_TEST(
        ids(other.remember("door-1", probe("door-1/0002"))) == (Ids{"door-1/0001", "door-1/0002"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(counts_a_repeated_probe_once) {
    auto cache = worker_cache();
    cache.remember("door-1", probe("door-1/0001"));
    BOOST_TEST(cache.remember("door-1", probe("door-1/0001")).size() == 1U);
}

BOOST_AUTO_TEST_CASE(returns_its_own_probes_while_redis_is_unavailable) {
    auto cache = worker_cache();
    cache.remember("door-1", probe("door-1/0001"));
    server.stop();
    BOOST_TEST(
        ids(cache.remember("door-1", probe("door-1/0002"))) == (Ids{"door-1/0001", "door-1/0002"}),
        boost::test_tools::per_element());
    BOOST_TEST(exports("facebus_errors_total{kind=\"unavailable\"} 1"));
    // After an error, the cache does not use Redis for two seconds. So the next probe causes no
    // further error.
    cache.remember("door-1", probe("door-1/0003"));
    BOOST_TEST(exports("facebus_errors_total{kind=\"unavailable\"} 1"));
}

BOOST_AUTO_TEST_CASE(includes_probes_that_arrived_while_redis_was_unavailable) {
    auto one = worker_cache();
    server.stop();
    one.remember("door-1", probe("door-1/0001"));
    server.start();
    auto other = worker_cache();
    other.remember("door-1", probe("door-1/0002"));
    // Repeat until the cache uses Redis again.
    std::vector<gallery::Probe> all;
    while (all.size() < 3) all = one.remember("door-1", probe("door-1/0003"));
    BOOST_TEST(ids(all) == (Ids{"door-1/0001", "door-1/0002", "door-1/0003"}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_a_track_in_memory_for_the_ttl_after_its_last_probe) {
    auto cache = worker_cache();
    server.stop();
    const auto start = Monotonic::now();
    const auto after = [&](int seconds) { return start + std::chrono::seconds(seconds); };
    cache.remember("door-1", probe("door-1/0001"), after(0));
    cache.remember("door-2", probe("door-2/0001"), after(0));
    cache.remember("door-1", probe("door-1/0002"), after(599));
    BOOST_TEST(cache.tracks() == 2U);
    cache.expire(after(600));
    BOOST_TEST(cache.tracks() == 1U);
    BOOST_TEST(cache.remember("door-1", probe("door-1/0003"), after(1198)).size() == 3U);
    cache.expire(after(1798));
    BOOST_TEST(cache.tracks() == 0U);
}

BOOST_AUTO_TEST_CASE(keeps_the_1000_tracks_with_the_latest_probes) {
    auto cache = worker_cache();
    server.stop();
    auto now = Monotonic::now();
    const auto remember = [&](int track) {
        now += std::chrono::milliseconds(1);
        const auto id = std::to_string(track);
        return cache.remember(id, probe(id + "/" + std::to_string(now.time_since_epoch().count())),
                              now);
    };
    for (int track = 0; track < 1000; ++track) remember(track);
    remember(0);
    remember(1000);
    BOOST_TEST(cache.tracks() == 1000U);
    BOOST_TEST(remember(0).size() == 3U);
    BOOST_TEST(remember(1).size() == 1U);  // this track was dropped
}

BOOST_AUTO_TEST_SUITE_END()

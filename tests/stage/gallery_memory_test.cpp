// Tests of TrackMemory and History with a Redis server.
#include <algorithm>
#include <barrier>
#include <random>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "gallery/history/history.hpp"
#include "gallery/store/keys.hpp"
#include "gallery/store/record.hpp"
#include "gallery/tracks/track_memory.hpp"
#include "support/faces.hpp"
#include "support/redis_server.hpp"

using namespace facebus;
using namespace facebus::gallery;
using facebus::test::face;
using facebus::test::probe;
using facebus::test::RedisServer;
using facebus::test::SkipWithoutRedis;

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutRedis);

namespace {

struct Fixture {
    RedisServer server;
    RedisOptions options{.url = server.url(), .timeout_ms = 5000};
    TrackMemory memory{options, 600, "model-1"};
    History history{options, 24};
    Redis redis{options};

    /// Adds an entry like History::append(), but with the given stream id.
    void add_entry(const std::string& id, const std::string& header) {
        BOOST_REQUIRE(redis.run({"XADD", keys::results, id, "topic", "identity.door", "header",
                                 header, "subject", "", "track", ""}));
    }
};

std::vector<std::string> headers(const Result<std::vector<HistoryEntry>>& entries) {
    BOOST_REQUIRE(entries);
    std::vector<std::string> out;
    for (const HistoryEntry& entry : *entries) out.push_back(entry.header);
    return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(gallery_memory, Fixture)

BOOST_AUTO_TEST_CASE(returns_all_probes_of_a_track_sorted_by_id) {
    BOOST_TEST(memory.append("t", probe("b", face(1), 0.5F))->size() == 1U);
    const auto both = memory.append("t", probe("a", face(2), 0.25F));
    BOOST_REQUIRE(both);
    BOOST_REQUIRE(both->size() == 2U);
    BOOST_TEST((*both)[0].id == "a");
    BOOST_TEST((*both)[0].quality == 0.25F);
    BOOST_TEST(((*both)[0].embedding == face(2)));
    BOOST_TEST(((*both)[1].embedding == face(1)));
    BOOST_TEST(memory.append("other", probe("a", face(3), 0.5F))->size() == 1U);
}

BOOST_AUTO_TEST_CASE(does_not_store_a_second_probe_with_the_same_id) {
    BOOST_REQUIRE(memory.append("t", probe("a", face(1), 0.5F)));
    const auto first = memory.append("t", probe("b", face(2), 0.7F));
    TrackMemory another_worker(options, 600, "model-1");
    for (const auto& again : {probe("a", face(1), 0.5F), probe("b", face(9), 0.1F)}) {
        const auto after = another_worker.append("t", again);
        BOOST_REQUIRE(after);
        BOOST_TEST(after->size() == 2U);
        BOOST_TEST((fuse(*after) == fuse(*first)));
    }
}

BOOST_AUTO_TEST_CASE(the_order_of_arrival_does_not_change_the_template) {
    std::vector<Probe> probes;
    for (std::uint32_t i = 0; i < 8; ++i) {
        probes.push_back(
            probe("p" + std::to_string(i), face(i), 0.2F + 0.1F * static_cast<float>(i)));
    }
    std::mt19937 random(3);
    std::vector<Embedding> fused;
    for (int order = 0; order < 10; ++order) {
        std::shuffle(probes.begin(), probes.end(), random);
        std::vector<Probe> all;
        for (const Probe& each : probes) all = *memory.append(std::to_string(order), each);
        fused.push_back(fuse(all));
    }
    for (const Embedding& each : fused) BOOST_TEST((each == fused.front()));
}

BOOST_AUTO_TEST_CASE(keeps_all_probes_that_two_workers_append_concurrently) {
    std::barrier start(2);
    const auto work = [&](std::uint32_t worker) {
        TrackMemory own(options, 600, "model-1");
        start.arrive_and_wait();
        for (std::uint32_t i = 0; i < 20; ++i) {
            const std::uint32_t n = 2 * i + worker;
            (void)own.append("t", probe(std::to_string(n), face(n), 0.5F));
        }
    };
    std::thread other(work, 1);
    work(0);
    other.join();
    BOOST_TEST(memory.append("t", probe("0", face(0), 0.5F))->size() == 40U);
}

BOOST_AUTO_TEST_CASE(drops_probes_beyond_the_maximum_per_track) {
    for (std::uint32_t i = 0; i < max_track_probes; ++i) {
        BOOST_REQUIRE(memory.append("t", probe("p" + std::to_string(i), face(i), 0.5F)));
    }
    const auto more = memory.append("t", probe("one more", face(999), 0.9F));
    BOOST_REQUIRE(more);
    BOOST_TEST(more->size() == max_track_probes);
    BOOST_TEST(std::none_of(more->begin(), more->end(),
                            [](const Probe& each) { return each.id == "one more"; }));
}

BOOST_AUTO_TEST_CASE(every_probe_restarts_the_time_until_a_track_expires) {
    const auto ttl = [&] { return redis.run({"TTL", keys::track("t")})->number(); };
    BOOST_REQUIRE(memory.append("t", probe("a", face(1), 0.5F)));
    BOOST_TEST((ttl() > 590 && ttl() <= 600));
    BOOST_REQUIRE(redis.run({"EXPIRE", keys::track("t"), "5"}));
    BOOST_REQUIRE(memory.append("t", probe("a", face(1), 0.5F)));
    BOOST_TEST(ttl() > 590);
}

BOOST_AUTO_TEST_CASE(rejects_invalid_probes) {
    BOOST_TEST(!memory.append("", probe("a", face(1), 0.5F)));
    BOOST_TEST(!memory.append("t", probe("", face(1), 0.5F)));
    BOOST_TEST(!memory.append("t", probe("a", Embedding{}, 0.5F)));
    BOOST_TEST(!memory.append("t", probe("a", face(1), 1.5F)));
    BOOST_TEST(redis.run({"DBSIZE"})->number() == 0);
}

BOOST_AUTO_TEST_CASE(omits_and_counts_damaged_probes) {
    BOOST_REQUIRE(redis.run({"HSET", keys::track("t"), "short", "x", "zeros",
                             std::string(2052, '\0'), "long", std::string(1 << 20, 'x')}));
    const auto probes = memory.append("t", probe("a", face(1), 0.5F));
    BOOST_REQUIRE(probes);
    BOOST_TEST(probes->size() == 1U);
    BOOST_TEST(memory.damaged_probes() == 3U);
    // A new probe is returned although the stored probe with its id is damaged.
    BOOST_TEST(memory.append("t", probe("short", face(2), 0.5F))->size() == 2U);
}

BOOST_AUTO_TEST_CASE(fails_if_the_value_of_a_track_is_not_a_hash) {
    BOOST_REQUIRE(redis.run({"SET", keys::track("text"), "x"}));
    BOOST_TEST(!memory.append("text", probe("a", face(1), 0.5F)));
}

BOOST_AUTO_TEST_CASE(omits_probes_of_another_model) {
    TrackMemory other(options, 600, "model-2");
    BOOST_REQUIRE(other.append("t", probe("a", face(1), 0.5F)));
    const auto mine = memory.append("t", probe("b", face(2), 0.5F));
    BOOST_REQUIRE(mine);
    BOOST_REQUIRE(mine->size() == 1U);
    BOOST_TEST(mine->front().id == "b");
    BOOST_TEST(memory.damaged_probes() == 0U);
    // A new probe is returned although the stored probe with its id is of another model.
    BOOST_TEST(memory.append("t", probe("a", face(3), 0.5F))->size() == 2U);
}

BOOST_AUTO_TEST_CASE(track_memory_and_history_work_again_after_an_outage_of_redis) {
    server.stop();
    BOOST_TEST(
        (memory.append("t", probe("a", face(1), 0.5F)).error().kind == ErrorKind::unavailable));
    BOOST_TEST(
        (history.append("identity.door", "x", "", "").error().kind == ErrorKind::unavailable));
    BOOST_TEST((history.after("0-0", 1).error().kind == ErrorKind::unavailable));
    server.start();
    BOOST_TEST(memory.append("t", probe("a", face(1), 0.5F)).has_value());
    BOOST_TEST(history.append("identity.door", "x", "", "").has_value());
    BOOST_TEST(history.after("0-0", 1)->size() == 1U);
}

BOOST_AUTO_TEST_CASE(reads_the_history_in_pages) {
    const std::string binary("\x82\x00\xff\r\n", 5);
    for (int i = 0; i < 10; ++i) {
        BOOST_REQUIRE(history.append("identity.door", binary + std::to_string(i), "", "t"));
    }
    std::vector<std::string> all;
    std::string position = "0-0";
    for (;;) {
        const auto page = history.after(position, 4);
        BOOST_REQUIRE(page);
        if (page->empty()) break;
        for (const HistoryEntry& entry : *page) {
            BOOST_TEST(entry.topic == "identity.door");
            all.push_back(entry.header);
        }
        position = page->back().id;
    }
    BOOST_REQUIRE(all.size() == 10U);
    for (std::size_t i = 0; i < 10; ++i) BOOST_TEST((all[i] == binary + std::to_string(i)));
    BOOST_TEST(history.after(position, 4)->empty());
    BOOST_TEST(history.after("0-0", 0)->empty());
}

BOOST_AUTO_TEST_CASE(trims_results_older_than_history_hours_and_continues_after_a_trimmed_id) {
    for (int i = 1; i <= 95; ++i) add_entry(std::to_string(i) + "-1", "old");
    const auto before = history.after("50-1", 1000);
    BOOST_TEST(before->size() == 45U);
    BOOST_REQUIRE(history.append("identity.door", "new", "", ""));
    // Redis trims only whole nodes of the stream. RedisServer configures ten entries per node.
    const auto left = headers(history.after("50-1", 1000));
    BOOST_TEST(left.size() <= 10U);
    BOOST_REQUIRE(!left.empty());
    BOOST_TEST(left.back() == "new");
    BOOST_TEST(headers(history.after("0-0", 1000)) == left, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(keeps_results_newer_than_history_hours) {
    const auto now = redis.run({"TIME"});
    const std::int64_t seconds = now->elements()[0].number();
    for (int i = 0; i < 40; ++i) {
        add_entry(std::to_string((seconds - 23 * 3600) * 1000 + i) + "-0", "x");
    }
    BOOST_REQUIRE(history.append("identity.door", "new", "", ""));
    BOOST_TEST(history.after("0-0", 1000)->size() == 41U);
}

BOOST_AUTO_TEST_CASE(the_redis_stream_expires_if_no_result_is_added_for_history_hours) {
    BOOST_REQUIRE(history.append("identity.door", "x", "", ""));
    const std::int64_t left = redis.run({"PTTL", keys::results})->number();
    BOOST_TEST((left > 23 * 3'600'000 && left <= 24 * 3'600'000));
}

BOOST_AUTO_TEST_CASE(stores_no_results_if_history_hours_is_zero_or_negative) {
    for (const double hours : {0.0, -1.0}) {
        History none(options, hours);
        BOOST_TEST(none.append("identity.door", "x", "", "t").has_value());
    }
    BOOST_TEST(redis.run({"DBSIZE"})->number() == 0);
}

BOOST_AUTO_TEST_CASE(rejects_invalid_stream_ids) {
    for (const char* position : {"", "x", "+", "-", "5", "1-1 COUNT", "(1-1"}) {
        BOOST_REQUIRE(!history.after(position, 1));
        BOOST_TEST((history.after(position, 1).error().kind == ErrorKind::malformed));
    }
}

BOOST_AUTO_TEST_CASE(skips_entries_that_are_not_results) {
    for (int i = 0; i < 5; ++i) BOOST_REQUIRE(redis.run({"XADD", keys::results, "*", "a", "b"}));
    BOOST_REQUIRE(history.append("identity.door", "first", "", ""));
    BOOST_REQUIRE(redis.run({"XADD", keys::results, "*", "a", "b"}));
    BOOST_REQUIRE(history.append("identity.door", "second", "", ""));
    const std::vector<std::string> expected{"first", "second"};
    BOOST_TEST(headers(history.after("0-0", 2)) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

// Tests of the latency statistics of results.
#include <boost/test/unit_test.hpp>

#include "results/latency.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::results;

namespace {

/// Returns a result with a total latency of `total_ms`. Only the duration of the last step,
/// `publish`, depends on `total_ms`.
wire::Identity result(std::int64_t total_ms) {
    auto identity = examples::identity();
    identity.head.ts = 0;
    identity.head.t = {{"capture", 0},
                       {"motion", 1'000'000},
                       {"detect", 11'000'000},
                       {"track", 11'000'000},
                       {"queue", 12'000'000},
                       {"recognize", 20'000'000},
                       {"publish", total_ms * 1'000'000}};
    return identity;
}

}  // namespace

BOOST_AUTO_TEST_CASE(computes_quantiles_of_the_total_latency) {
    Latency latency;
    for (int ms = 21; ms <= 120; ++ms) latency.add(result(ms));
    BOOST_TEST(latency.count() == 100U);
    BOOST_TEST(latency.total_ms(0.5) == 70);
    BOOST_TEST(latency.total_ms(0.99) == 119);
    BOOST_TEST(latency.total_ms(1) == 120);
}

BOOST_AUTO_TEST_CASE(table_shows_the_duration_of_each_step) {
    Latency latency;
    latency.add(result(30));
    const auto table = latency.table();
    BOOST_TEST(table.find("detect-align        10.0      10.0") != std::string::npos, table);
    BOOST_TEST(table.find("publish             10.0      10.0") != std::string::npos, table);
    BOOST_TEST(table.find("total               30.0      30.0") != std::string::npos, table);
}

BOOST_AUTO_TEST_CASE(adds_the_duration_of_a_step_without_timestamp_to_the_next_step) {
    auto identity = result(30);
    identity.head.t["motion"].reset();
    Latency latency;
    latency.add(identity);
    BOOST_TEST(latency.table().find("detect-align        11.0      11.0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(prints_a_table_if_there_are_no_results) {
    BOOST_TEST(Latency().table().find("0 results") != std::string::npos);
}

#include <boost/test/unit_test.hpp>

#include "results/latency.hpp"
#include "support/samples.hpp"

using namespace facebus;
using namespace facebus::results;

namespace {

wire::Identity result(std::int64_t total_ms) {
    auto identity = samples::identity();
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

BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_whole_way) {
    Latency latency;
    for (int ms = 21; ms <= 120; ++ms) latency.add(result(ms));
    BOOST_TEST(latency.count() == 100U);
    BOOST_TEST(latency.total_ms(0.5) == 70);
    BOOST_TEST(latency.total_ms(0.99) == 119);
    BOOST_TEST(latency.total_ms(1) == 120);
}

BOOST_AUTO_TEST_CASE(the_table_splits_the_time_by_stage) {
    Latency latency;
    latency.add(result(30));
    const auto table = latency.table();
    BOOST_TEST(table.find("detect-align        10.0      10.0") != std::string::npos, table);
    BOOST_TEST(table.find("publish             10.0      10.0") != std::string::npos, table);
    BOOST_TEST(table.find("total               30.0      30.0") != std::string::npos, table);
}

BOOST_AUTO_TEST_CASE(a_stage_that_was_not_passed_takes_no_time_from_the_next) {
    auto identity = result(30);
    identity.head.t["motion"].reset();
    Latency latency;
    latency.add(identity);
    BOOST_TEST(latency.table().find("detect-align        11.0      11.0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(without_results_there_is_still_a_table) {
    BOOST_TEST(Latency().table().find("0 results") != std::string::npos);
}

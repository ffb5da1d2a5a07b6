// Tests of ResultStatistics.
#include <boost/test/unit_test.hpp>

#include "gateway/live/result_statistics.hpp"
#include "support/example_messages.hpp"

using namespace facebus;
using namespace facebus::gateway;
using wire::Decision;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t now = 1'700'000'000 * second;

/// Returns a result that was published at `when`, 250 ms after its capture.
wire::Identity result_published(std::int64_t when, Decision decision) {
    auto identity = examples::identity();
    identity.decision = decision;
    identity.head.ts = when - second / 4;
    identity.head.t = {{"capture", identity.head.ts}, {"publish", when}};
    return identity;
}

}  // namespace

BOOST_AUTO_TEST_CASE(counts_results_by_decision_and_by_time_of_publication) {
    ResultStatistics statistics;
    statistics.add(result_published(now - 20 * second, Decision::known), now);
    statistics.add(result_published(now, Decision::known), now);
    statistics.add(result_published(now + 1, Decision::unknown), now);
    const auto spans = statistics.last_hour(now);
    BOOST_REQUIRE(spans.size() == 2U);
    BOOST_TEST(spans[0].start == now - 20 * second);
    BOOST_TEST(spans[1].start == now);
    BOOST_TEST(spans[1].decisions.at(Decision::known) == 1U);
    BOOST_TEST(spans[1].decisions.at(Decision::unknown) == 1U);
    BOOST_TEST(spans[1].latency.back().name == "total");
    BOOST_TEST(spans[1].latency.back().p50 == 250);
}

BOOST_AUTO_TEST_CASE(ignores_results_published_before_the_last_hour_or_over_10_s_in_the_future) {
    ResultStatistics statistics;
    // A span of ten seconds begins at `now`, so the first of the last 360 spans began 3590 s ago.
    statistics.add(result_published(now - 3590 * second - 1, Decision::known), now);
    statistics.add(result_published(now + 10 * second + 1, Decision::known), now);
    BOOST_TEST(statistics.last_hour(now).empty());
    statistics.add(result_published(now - 3590 * second, Decision::known), now);
    statistics.add(result_published(now + 10 * second, Decision::known), now);
    BOOST_TEST(statistics.last_hour(now).size() == 2U);
}

BOOST_AUTO_TEST_CASE(drops_results_after_an_hour) {
    ResultStatistics statistics;
    statistics.add(result_published(now, Decision::known), now);
    BOOST_TEST(statistics.last_hour(now + 3590 * second).size() == 1U);
    BOOST_TEST(statistics.last_hour(now + 3600 * second).empty());
}

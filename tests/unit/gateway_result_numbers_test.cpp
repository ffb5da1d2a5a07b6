#include <boost/test/unit_test.hpp>

#include "gateway/live/result_numbers.hpp"
#include "support/samples.hpp"

using namespace facebus;
using namespace facebus::gateway;
using wire::Decision;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t now = 1'700'000'000 * second;

wire::Identity published(std::int64_t when, Decision decision) {
    auto identity = samples::identity();
    identity.decision = decision;
    identity.head.ts = when - second / 4;
    identity.head.t = {{"capture", identity.head.ts}, {"publish", when}};
    return identity;
}

}  // namespace

BOOST_AUTO_TEST_CASE(results_are_counted_by_decision_in_the_span_in_which_they_were_published) {
    ResultNumbers numbers;
    numbers.add(published(now - 20 * second, Decision::known), now);
    numbers.add(published(now, Decision::known), now);
    numbers.add(published(now + 1, Decision::unknown), now);
    const auto spans = numbers.since_an_hour(now);
    BOOST_REQUIRE(spans.size() == 2U);
    BOOST_TEST(spans[0].start == now - 20 * second);
    BOOST_TEST(spans[1].start == now);
    BOOST_TEST(spans[1].decisions.at(Decision::known) == 1U);
    BOOST_TEST(spans[1].decisions.at(Decision::unknown) == 1U);
    BOOST_TEST(spans[1].latency.back().stage == "total");
    BOOST_TEST(spans[1].latency.back().p50 == 250);
}

BOOST_AUTO_TEST_CASE(what_was_published_before_the_last_hour_or_will_be_is_not_counted) {
    ResultNumbers numbers;
    numbers.add(published(now - 3601 * second, Decision::known), now);
    numbers.add(published(now + 3600 * second, Decision::known), now);
    BOOST_TEST(numbers.since_an_hour(now).empty());
}

BOOST_AUTO_TEST_CASE(an_hour_later_all_is_forgotten) {
    ResultNumbers numbers;
    numbers.add(published(now, Decision::known), now);
    BOOST_TEST(numbers.since_an_hour(now + 3590 * second).size() == 1U);
    BOOST_TEST(numbers.since_an_hour(now + 3600 * second).empty());
}

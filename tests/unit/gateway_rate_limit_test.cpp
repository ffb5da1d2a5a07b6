// Tests of the rate limit per client.
#include <boost/test/unit_test.hpp>

#include "gateway/rate_limit.hpp"

using namespace facebus;
using namespace facebus::gateway;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(allows_a_burst_and_then_the_sustained_rate) {
    RateLimit limit(2, 3);
    const Monotonic::time_point start;
    for (int i = 0; i < 3; ++i) BOOST_TEST(limit.take("a", start));
    BOOST_TEST(!limit.take("a", start));
    BOOST_TEST(!limit.take("a", start + 400ms));
    BOOST_TEST(limit.take("a", start + 500ms));
    BOOST_TEST(!limit.take("a", start + 500ms));
    for (int i = 0; i < 3; ++i) BOOST_TEST(limit.take("a", start + 1h));
    BOOST_TEST(!limit.take("a", start + 1h));
}

BOOST_AUTO_TEST_CASE(limits_clients_independently) {
    RateLimit limit(1, 1);
    const Monotonic::time_point start;
    BOOST_TEST(limit.take("a", start));
    BOOST_TEST(!limit.take("a", start));
    BOOST_TEST(limit.take("b", start));
}

// Requests of several threads can arrive with times out of order.
BOOST_AUTO_TEST_CASE(request_with_an_earlier_time_counts_as_simultaneous_with_the_previous_one) {
    RateLimit limit(1, 2);
    const Monotonic::time_point start{10s};
    BOOST_TEST(limit.take("a", start));
    BOOST_TEST(limit.take("a", start - 5s));
    BOOST_TEST(!limit.take("a", start - 5s));
    BOOST_TEST(!limit.take("a", start));
}

BOOST_AUTO_TEST_CASE(zero_rate_disables_the_limit) {
    RateLimit limit(0, 1);
    for (int i = 0; i < 1000; ++i) BOOST_TEST(limit.take("a", {}));
}

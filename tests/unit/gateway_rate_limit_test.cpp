#include <boost/test/unit_test.hpp>

#include "gateway/rate_limit.hpp"

using namespace facebus;
using namespace facebus::gateway;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_CASE(a_client_may_ask_in_a_burst_and_then_at_its_rate) {
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

BOOST_AUTO_TEST_CASE(one_client_takes_nothing_from_another) {
    RateLimit limit(1, 1);
    const Monotonic::time_point start;
    BOOST_TEST(limit.take("a", start));
    BOOST_TEST(!limit.take("a", start));
    BOOST_TEST(limit.take("b", start));
}

BOOST_AUTO_TEST_CASE(a_clock_that_seems_to_go_back_takes_nothing_away) {
    RateLimit limit(1, 2);
    const Monotonic::time_point start{10s};
    BOOST_TEST(limit.take("a", start));
    BOOST_TEST(limit.take("a", start - 5s));
    BOOST_TEST(!limit.take("a", start - 5s));
}

BOOST_AUTO_TEST_CASE(without_a_rate_there_is_no_limit) {
    RateLimit limit(0, 1);
    for (int i = 0; i < 1000; ++i) BOOST_TEST(limit.take("a", {}));
}

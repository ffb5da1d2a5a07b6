// Tests that SIGHUP requests a reload.
#include <csignal>

#include <boost/test/unit_test.hpp>

#include "service/signals.hpp"

using namespace facebus;

BOOST_AUTO_TEST_CASE(sighup_requests_a_reload_until_the_request_is_taken) {
    service::hold_reload_requests();
    BOOST_TEST(!service::take_reload_request());
    std::raise(SIGHUP);
    std::raise(SIGHUP);
    BOOST_TEST(service::take_reload_request());
    BOOST_TEST(!service::take_reload_request());
    std::raise(SIGHUP);
    BOOST_TEST(service::take_reload_request());
}

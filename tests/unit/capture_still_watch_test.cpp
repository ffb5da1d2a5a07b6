#include <boost/test/unit_test.hpp>

#include "capture/still_watch.hpp"

using facebus::Bytes;
using facebus::capture::StillWatch;

namespace {

Bytes picture(char value) {
    const std::string pixels(48, value);
    return Bytes::copy(pixels.data(), pixels.size());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_picture_that_stays_the_same_is_told_once_when_its_time_is_up) {
    StillWatch watch(100);
    BOOST_TEST(!watch.stuck(picture('a'), 1000));
    BOOST_TEST(!watch.stuck(picture('a'), 1099));
    BOOST_TEST(watch.stuck(picture('a'), 1100));
    BOOST_TEST(!watch.stuck(picture('a'), 1300));
}

BOOST_AUTO_TEST_CASE(a_change_begins_the_time_anew) {
    StillWatch watch(100);
    watch.stuck(picture('a'), 0);
    BOOST_TEST(!watch.stuck(picture('b'), 99));
    BOOST_TEST(!watch.stuck(picture('b'), 150));
    BOOST_TEST(watch.stuck(picture('b'), 199));
    BOOST_TEST(!watch.stuck(picture('a'), 500));
    BOOST_TEST(watch.stuck(picture('a'), 600));
}

BOOST_AUTO_TEST_CASE(without_a_limit_a_picture_may_stay_for_ever) {
    StillWatch watch(0);
    watch.stuck(picture('a'), 0);
    BOOST_TEST(!watch.stuck(picture('a'), 1'000'000'000'000));
}

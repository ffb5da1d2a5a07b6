// Tests of FreezeDetector.
#include <boost/test/unit_test.hpp>

#include "capture/freeze_detector.hpp"

using facebus::Bytes;
using facebus::capture::FreezeDetector;

namespace {

Bytes image(char value) {
    const std::string pixels(48, value);
    return Bytes::copy(pixels.data(), pixels.size());
}

}  // namespace

BOOST_AUTO_TEST_CASE(reports_a_frozen_image_once_after_the_limit) {
    FreezeDetector detector(100);
    BOOST_TEST(!detector.just_froze(image('a'), 1000));
    BOOST_TEST(!detector.just_froze(image('a'), 1099));
    BOOST_TEST(detector.just_froze(image('a'), 1100));
    BOOST_TEST(!detector.just_froze(image('a'), 1300));
}

BOOST_AUTO_TEST_CASE(restarts_the_time_when_the_image_changes) {
    FreezeDetector detector(100);
    detector.just_froze(image('a'), 0);
    BOOST_TEST(!detector.just_froze(image('b'), 99));
    BOOST_TEST(!detector.just_froze(image('b'), 150));
    BOOST_TEST(detector.just_froze(image('b'), 199));
    BOOST_TEST(!detector.just_froze(image('a'), 500));
    BOOST_TEST(detector.just_froze(image('a'), 600));
}

BOOST_AUTO_TEST_CASE(reports_nothing_if_the_limit_is_0) {
    FreezeDetector detector(0);
    detector.just_froze(image('a'), 0);
    BOOST_TEST(!detector.just_froze(image('a'), 1'000'000'000'000));
}

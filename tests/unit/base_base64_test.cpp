#include <boost/test/unit_test.hpp>

#include "base/base64.hpp"

using facebus::base64;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(bytes_become_the_text_of_the_standard) {
    BOOST_TEST(base64("") == "");
    BOOST_TEST(base64("f") == "Zg==");
    BOOST_TEST(base64("fo") == "Zm8=");
    BOOST_TEST(base64("foo") == "Zm9v");
    BOOST_TEST(base64("foob") == "Zm9vYg==");
    BOOST_TEST(base64("fooba") == "Zm9vYmE=");
    BOOST_TEST(base64("foobar") == "Zm9vYmFy");
}

BOOST_AUTO_TEST_CASE(every_byte_is_as_good_as_any_other) {
    BOOST_TEST(base64("\xFF\xEF\xBE\x00"s) == "/+++AA==");
}

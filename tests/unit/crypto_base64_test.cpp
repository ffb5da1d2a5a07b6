// Tests of Base64 encoding and decoding.
#include <boost/test/unit_test.hpp>

#include "crypto/base64.hpp"

using facebus::crypto::base64;
using facebus::crypto::from_base64;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(encodes_the_test_vectors_of_rfc_4648) {
    BOOST_TEST(base64("") == "");
    BOOST_TEST(base64("f") == "Zg==");
    BOOST_TEST(base64("fo") == "Zm8=");
    BOOST_TEST(base64("foo") == "Zm9v");
    BOOST_TEST(base64("foob") == "Zm9vYg==");
    BOOST_TEST(base64("fooba") == "Zm9vYmE=");
    BOOST_TEST(base64("foobar") == "Zm9vYmFy");
}

BOOST_AUTO_TEST_CASE(encodes_bytes_that_are_not_text) {
    BOOST_TEST(base64("\xFF\xEF\xBE\x00"s) == "/+++AA==");
}

BOOST_AUTO_TEST_CASE(decodes_its_own_output) {
    const auto bytes = "\xFF\xEF\x00 text"s;
    BOOST_TEST(from_base64(base64(bytes), 100).value_or("nothing") == bytes);
    BOOST_TEST(from_base64("", 100).value_or("nothing") == "");
}

BOOST_AUTO_TEST_CASE(rejects_invalid_text_and_text_whose_content_exceeds_the_limit) {
    BOOST_TEST(!from_base64("Zg", 100).has_value());
    BOOST_TEST(!from_base64("Zm9v!", 100).has_value());
    BOOST_TEST(!from_base64("Zm9v", 2).has_value());
}

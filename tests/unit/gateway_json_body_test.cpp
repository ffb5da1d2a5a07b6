// Tests that unknown keys in JSON bodies are rejected.
#include <string>

#include <boost/test/unit_test.hpp>

#include "gateway/rest/json_body.hpp"

using namespace facebus;
using namespace facebus::gateway;

BOOST_AUTO_TEST_CASE(accepts_objects_with_some_of_the_known_keys) {
    BOOST_TEST(parse_json(R"({"from": "A"})", {"from", "into"}).value()["from"] == "A");
    BOOST_TEST(parse_json("{}", {"from"}).value().is_object());
}

BOOST_AUTO_TEST_CASE(rejects_an_unknown_key_and_names_it_and_the_known_ones) {
    const auto rejected = parse_json(R"({"into": "B", "fron": "A"})", {"from", "into"});
    BOOST_REQUIRE(!rejected);
    BOOST_TEST(rejected.error().status == 400);
    BOOST_TEST(rejected.error().code == fault_code::bad_argument);
    BOOST_TEST(rejected.error().message ==
               "unknown key \"fron\" in the body; known keys: from, into");
    const auto longest = parse_json("{\"" + std::string(50'000, 'x') + "\": 1}", {"from"});
    BOOST_TEST(longest.error().message.size() < 200U);
}

BOOST_AUTO_TEST_CASE(leaves_bodies_that_are_not_json_objects_to_the_caller) {
    for (const auto* body : {"", "{", "[]", "null", "7"}) {
        BOOST_TEST(!parse_json(body, {"from"}).value().is_object());
    }
}

// Tests the JSON text that is printed to a terminal.
#include <string>

#include <boost/test/unit_test.hpp>

#include "cli/terminal.hpp"

using namespace facebus;
using namespace facebus::cli;

BOOST_AUTO_TEST_CASE(json_escapes_the_characters_that_control_a_terminal_and_keeps_the_others) {
    const nlohmann::ordered_json json{{"a", "\x1b[31m\x7f\u009b\u202e\u200b\U000e0041"},
                                      {"b", "Zoë 😀"}};
    const auto text = json_text(json);
    BOOST_TEST(text == R"({"a":"\u001b[31m\u007f\u009b\u202e\u200b\udb40\udc41","b":"Zoë 😀"})");
    BOOST_TEST(nlohmann::ordered_json::parse(text) == json);
    BOOST_TEST(printable(text) == text);
}

BOOST_AUTO_TEST_CASE(json_text_can_have_several_lines_and_replaces_invalid_utf8) {
    BOOST_TEST(json_text({{"a", "\xff"}}, 2) == "{\n  \"a\": \"\ufffd\"\n}");
}

BOOST_AUTO_TEST_CASE(filters_text_and_leaves_numbers_unchanged) {
    BOOST_TEST(safe(std::string("a\x1b")) == "a?");
    const char* const text = "a\nb";
    BOOST_TEST(safe(text) == "a?b");
    BOOST_TEST(safe(7) == 7);
    BOOST_TEST(safe(0.5) == 0.5);
}

// Tests how UTF-8 text is split into characters, and which characters are printed.
#include <string>
#include <vector>

#include <boost/test/unit_test.hpp>

#include "base/text/unicode.hpp"

using namespace facebus;
using namespace std::string_literals;

BOOST_AUTO_TEST_CASE(takes_one_character_at_a_time) {
    std::string_view text = "aé€😀";
    std::vector<char32_t> characters;
    while (!text.empty()) characters.push_back(take_character(text).value());
    const std::vector<char32_t> expected{U'a', U'é', U'€', U'😀'};
    BOOST_TEST((characters == expected));
}

BOOST_AUTO_TEST_CASE(rejects_bytes_that_are_not_utf8) {
    BOOST_TEST(is_utf8(""));
    BOOST_TEST(is_utf8("Zoë 王 😀\n"));
    // A stray continuation byte, a truncated character, overlong encodings, a surrogate, a code
    // point that is too large, and a byte that never occurs.
    for (const auto& bad : {"\x80"s, "a\xc3"s, "\xc0\xaf"s, "\xe0\x80\x8a"s, "\xed\xa0\x80"s,
                            "\xf4\x90\x80\x80"s, "\xff"s}) {
        BOOST_TEST(!is_utf8(bad));
        std::string_view text = bad;
        while (text.front() == 'a') text.remove_prefix(1);
        BOOST_TEST(!take_character(text));
        BOOST_TEST(!text.empty());
    }
}

BOOST_AUTO_TEST_CASE(keeps_visible_text_unchanged) {
    for (const auto* text : {"Ann", "Zoë van der Berg", "Zoe\u0308", "محمد", "王小明",
                             "葛\U000E0100", "😀 ❤\uFE0F", " \u00a0~", "?"}) {
        BOOST_TEST(printable(text) == text);
    }
}

BOOST_AUTO_TEST_CASE(replaces_characters_that_control_the_terminal_or_mislead_the_reader) {
    BOOST_TEST(printable("\x1b[31mred\x1b[0m") == "?[31mred?[0m");
    BOOST_TEST(printable("a\0b\tc\nd\re\x7f"s) == "a?b?c?d?e?");
    // The control sequence introducer as a single C1 character, and other C1 characters.
    BOOST_TEST(printable("\u009b31m\u0080\u009f") == "?31m??");
    for (const char32_t character : {0x202AU, 0x202BU, 0x202CU, 0x202DU, 0x202EU, 0x2066U, 0x2067U,
                                     0x2068U, 0x2069U, 0x200EU, 0x200FU, 0x061CU, 0x200BU, 0x200CU,
                                     0x200DU, 0x2060U, 0xFEFFU, 0x00ADU, 0x2028U, 0x2029U}) {
        BOOST_TEST(is_invisible(character), static_cast<unsigned>(character));
    }
    BOOST_TEST(printable("Al\u200bice\u202eecilA\u2066") == "Al?ice?ecilA?");
    BOOST_TEST(printable("\U000E0041") == "?");
}

BOOST_AUTO_TEST_CASE(replaces_each_byte_that_is_not_utf8) {
    BOOST_TEST(printable("a\xff\xfe"
                         "b\xc3") == "a??b?");
    BOOST_TEST(printable("\xc3(") == "?(");
}

BOOST_AUTO_TEST_CASE(text_of_several_lines_keeps_its_line_feeds) {
    BOOST_TEST(printable_lines("a\nb\x1b\r\n") == "a\nb??\n");
}

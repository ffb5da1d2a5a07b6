// Tests of the parser of multipart/form-data.
#include <boost/test/unit_test.hpp>

#include "http/multipart.hpp"

using namespace facebus;
using namespace facebus::http;

namespace {

constexpr const char* form = "multipart/form-data; boundary=b";

std::string part(const std::string& disposition, const std::string& content) {
    return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

void rejects(const std::string& type, const std::string& body, ErrorKind kind) {
    const auto parts = parse_form(type, body, 3);
    BOOST_REQUIRE(!parts);
    BOOST_TEST_MESSAGE(parts.error().message);
    BOOST_TEST((parts.error().kind == kind));
}

}  // namespace

BOOST_AUTO_TEST_CASE(parses_the_parts_of_a_form) {
    const auto body = part("name=\"file\"; filename=\"a b.jpg\"", "\r\n--x\r\n-- b") +
                      part("name=note", "") + "--b--\r\n";
    const auto parts = parse_form(form, body, 3);
    BOOST_REQUIRE(parts);
    BOOST_REQUIRE(parts->size() == 2U);
    BOOST_TEST((*parts)[0].name == "file");
    BOOST_TEST((*parts)[0].filename == "a b.jpg");
    BOOST_TEST((*parts)[0].content == "\r\n--x\r\n-- b");
    BOOST_TEST((*parts)[1].name == "note");
    BOOST_TEST((*parts)[1].filename.empty());
    BOOST_TEST((*parts)[1].content.empty());
}

BOOST_AUTO_TEST_CASE(ignores_preamble_epilogue_unrelated_headers_and_the_case_of_names) {
    const std::string body =
        "preamble\r\n--b\r\nContent-Type: image/jpeg\r\nCONTENT-disposition:form-data; "
        "NAME=\"file\"\r\n\r\nx\r\n--b--epilogue";
    const auto parts = parse_form("Multipart/Form-Data; charset=utf-8; Boundary=\"b\"", body, 3);
    BOOST_REQUIRE(parts);
    BOOST_TEST(parts->front().name == "file");
    BOOST_TEST(parts->front().content == "x");
}

BOOST_AUTO_TEST_CASE(rejects_bodies_that_are_not_valid_forms) {
    rejects("application/json", "{}", ErrorKind::unsupported);
    rejects("", "", ErrorKind::unsupported);
    rejects("multipart/form-data", part("name=a", "") + "--b--", ErrorKind::malformed);
    rejects("multipart/form-data; boundary=" + std::string(71, 'x'), "", ErrorKind::malformed);
    rejects(form, "", ErrorKind::malformed);
    rejects(form, "--c--", ErrorKind::malformed);
}

BOOST_AUTO_TEST_CASE(rejects_forms_truncated_anywhere) {
    const auto body = part("name=\"file\"", "content") + "--b--";
    for (std::size_t size = 0; size < body.size(); ++size) {
        BOOST_TEST(!parse_form(form, body.substr(0, size), 3), size);
    }
    BOOST_TEST(parse_form(form, body, 3).has_value());
}

BOOST_AUTO_TEST_CASE(rejects_too_many_parts_and_overlong_part_headers) {
    std::string body;
    for (int i = 0; i < 4; ++i) body += part("name=a", "");
    rejects(form, body + "--b--", ErrorKind::too_large);
    rejects(form, part("name=\"" + std::string(3000, 'a') + "\"", "") + "--b--",
            ErrorKind::too_large);
}

BOOST_AUTO_TEST_CASE(does_not_find_a_parameter_inside_the_value_of_another) {
    BOOST_TEST(header_parameter("form-data; filename=\"; name=x\"; name=y", "name") == "y");
    BOOST_TEST(header_parameter("form-data; filename=\"name=x\"", "name").empty());
    BOOST_TEST(header_parameter("form-data; name=\"unclosed", "name").empty());
    BOOST_TEST(header_parameter("form-data", "name").empty());
    BOOST_TEST(header_parameter("", "name").empty());
}

// Tests of the header checks that reject requests from other web sites.
#include <boost/test/unit_test.hpp>

#include "gateway/cross_site.hpp"

using namespace facebus;
using namespace facebus::gateway;

namespace {

http::Request request(const std::string& method, std::map<std::string, std::string> headers) {
    headers.emplace("host", "localhost:8000");
    return {.method = method,
            .path = "/",
            .query = {},
            .headers = std::move(headers),
            .length = 0,
            .body = {}};
}

bool is_rejected(const http::Request& request, const std::set<std::string>& hosts = {}) {
    const auto fault = cross_site_fault(request, hosts);
    if (fault) BOOST_TEST(fault->status == 403);
    return fault.has_value();
}

}  // namespace

BOOST_AUTO_TEST_CASE(accepts_only_ip_addresses_localhost_and_configured_hosts) {
    const std::set<std::string> hosts{"cam.example.com"};
    for (const auto* host : {"localhost", "LOCALHOST:8000", "127.0.0.1:8000", "10.1.2.3", "[::1]",
                             "[::1]:8000", "cam.example.com", "Cam.Example.com:8000"}) {
        BOOST_TEST(!is_rejected(request("GET", {{"host", host}}), hosts), host);
    }
    for (const auto* host : {"", "evil.example.com", "localhost.evil.com", "127.0.0.1.evil.com",
                             "cam.example.com.evil.com", "[::1].evil.com"}) {
        BOOST_TEST(is_rejected(request("GET", {{"host", host}}), hosts), host);
    }
}

BOOST_AUTO_TEST_CASE(accepts_writes_from_its_own_page_but_not_from_other_web_sites) {
    for (const auto* method : {"POST", "PUT", "PATCH", "DELETE"}) {
        BOOST_TEST(!is_rejected(request(method, {{"origin", "http://localhost:8000"}})));
        BOOST_TEST(!is_rejected(request(method, {{"origin", "https://localhost:8000"}})));
        for (const auto* origin : {"http://evil.example.com", "http://localhost:9000", "null"}) {
            BOOST_TEST(is_rejected(request(method, {{"origin", origin}})), origin);
            BOOST_TEST(is_rejected(request(method, {{"origin", origin}, {"x-api-key", "any"}})));
        }
    }
    BOOST_TEST(!is_rejected(request("GET", {{"origin", "http://evil.example.com"}})));
}

BOOST_AUTO_TEST_CASE(accepts_posts_without_an_origin_only_with_json_or_a_key_header) {
    for (const auto* type : {"application/json", "Application/JSON; charset=utf-8"}) {
        BOOST_TEST(!is_rejected(request("POST", {{"content-type", type}})), type);
    }
    for (const auto* type : {"", "text/plain", "multipart/form-data; boundary=b",
                             "application/x-www-form-urlencoded", "text/plain; application/json"}) {
        BOOST_TEST(is_rejected(request("POST", {{"content-type", type}})), type);
        BOOST_TEST(!is_rejected(request("POST", {{"content-type", type}, {"x-api-key", "any"}})),
                   type);
    }
    // Browsers send these methods to another site only if it agrees (CORS preflight).
    for (const auto* method : {"PUT", "PATCH", "DELETE"}) {
        BOOST_TEST(!is_rejected(request(method, {})), method);
    }
}

BOOST_AUTO_TEST_CASE(parses_the_list_of_hosts_and_rejects_urls_and_ports) {
    BOOST_TEST((parse_hosts(" A.example.com, b ,", "gateway.hosts") ==
                std::set<std::string>{"a.example.com", "b"}));
    BOOST_TEST(parse_hosts("", "gateway.hosts").empty());
    for (const auto* text : {"http://a", "a:80", "a b,c/"}) {
        BOOST_CHECK_EXCEPTION(
            parse_hosts(text, "gateway.hosts"), FatalError, [](const FatalError& error) {
                return std::string(error.what()).find("gateway.hosts") != std::string::npos;
            });
    }
}

// Tests the HTTP client against the HTTP server, over real sockets.
#include <future>
#include <thread>

#include <boost/test/unit_test.hpp>

#include "base/clock.hpp"
#include "http/client.hpp"
#include "http/server.hpp"

using namespace facebus;
using namespace facebus::http;

namespace {

struct Fixture {
    Stop stop;
    std::promise<void> released;  ///< ends the handling of /wait
    std::shared_future<void> release = released.get_future().share();
    std::promise<void> waiting;  ///< a request for /wait is being handled
    Request last;
    Server server{
        {.address = "127.0.0.1:0", .setting = "test.address"},
        {.admit = [](const Request&) -> std::expected<std::size_t, Response> { return 1'000'000; },
         .handle = [this](const Request& request) { return handle(request); },
         .error_response = [](int status) { return Response{.status = status}; }}};

    Response handle(const Request& request) {
        last = request;
        if (request.path == "/wait") {
            waiting.set_value();
            release.wait();
        }
        if (request.path == "/busy") {
            return {.status = 503, .body = "busy", .headers = {{"Retry-After", "7"}}};
        }
        if (request.path == "/moved") return {.status = 302, .headers = {{"Location", "/"}}};
        if (request.path == "/endless") {
            return {.pieces = [] { return std::optional(std::string(10'000, 'x')); }};
        }
        return {.body = "yes"};
    }

    Client client(const std::string& path, double timeout = 30) {
        return Client({.url = "http://" + server.address() + path, .timeout = timeout}, "test");
    }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(posts_the_body_and_the_headers_to_the_url, Fixture) {
    auto poster = client("/a%20b?x=1");
    const std::string body(200'000, 'b');
    for (int i = 0; i < 2; ++i) {
        const auto response = poster.post(body, {{"X-Key", "k"}}, stop);
        BOOST_REQUIRE(response);
        BOOST_TEST(response->status == 200);
        BOOST_TEST(response->body == "yes");
        BOOST_TEST(last.method == "POST");
        BOOST_TEST(last.path == "/a b");
        BOOST_TEST(last.query.find("x")->second == "1");
        BOOST_TEST(last.header("x-key") == "k");
        BOOST_TEST((last.body == body));
    }
}

BOOST_FIXTURE_TEST_CASE(gets_the_url_without_the_body_and_headers_of_an_earlier_post, Fixture) {
    auto getter = client("/");
    BOOST_REQUIRE(getter.post("body", {{"X-Key", "k"}}, stop));
    const auto response = getter.get(stop);
    BOOST_REQUIRE(response);
    BOOST_TEST(response->body == "yes");
    BOOST_TEST(last.method == "GET");
    BOOST_TEST(last.body.empty());
    BOOST_TEST(last.header("x-key").empty());
}

BOOST_FIXTURE_TEST_CASE(returns_errors_of_the_server_and_redirects_as_responses, Fixture) {
    const auto busy = client("/busy").post("", {}, stop);
    BOOST_REQUIRE(busy);
    BOOST_TEST(busy->status == 503);
    BOOST_TEST(busy->retry_after == "7");
    const auto moved = client("/moved").post("", {}, stop);
    BOOST_REQUIRE(moved);
    BOOST_TEST(moved->status == 302);
}

BOOST_FIXTURE_TEST_CASE(returns_the_beginning_of_a_body_that_does_not_end, Fixture) {
    const auto response = client("/endless").get(stop);
    BOOST_REQUIRE(response);
    BOOST_TEST(response->status == 200);
    BOOST_TEST(response->body.size() == 65'536U);
}

BOOST_FIXTURE_TEST_CASE(fails_at_the_deadline_or_at_a_stop_request, Fixture) {
    const auto late = client("/wait", 0.2).get(stop);
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().kind == ErrorKind::unavailable));
    waiting = {};
    std::jthread stopper([&] {
        waiting.get_future().wait();
        stop.request();
    });
    const auto start = Monotonic::now();
    const auto aborted = client("/wait").get(stop);
    BOOST_REQUIRE(!aborted);
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 20);
    released.set_value();
}

BOOST_AUTO_TEST_CASE(error_for_an_unavailable_server_does_not_contain_the_url) {
    const Stop stop;
    Client client({.url = "http://127.0.0.1:1/secret"}, "test");
    const auto response = client.get(stop);
    BOOST_REQUIRE(!response);
    BOOST_TEST((response.error().kind == ErrorKind::unavailable));
    BOOST_TEST(response.error().message.find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(
    rejects_unusable_urls_and_certificate_files_with_an_error_that_names_the_setting) {
    const auto names_setting = [](const FatalError& error) {
        return error.code() == Exit::config &&
               std::string(error.what()).find("webhooks.door") != std::string::npos;
    };
    for (const auto* url : {"", "host/path", "ftp://host/", "file:///etc/passwd", "http://",
                            "http://user:secret@host/", "http://host/a b", "http://h\xC3\xB6st/",
                            "http://host:99999/"}) {
        BOOST_CHECK_EXCEPTION(Client({.url = url}, "webhooks.door"), FatalError, names_setting);
    }
    BOOST_CHECK_EXCEPTION(Client({.url = "https://host/", .ca_file = "/nowhere"}, "webhooks.door"),
                          FatalError, names_setting);
}

// Tests the HTTP server over real sockets.
#include <array>
#include <atomic>
#include <fstream>
#include <functional>
#include <future>
#include <optional>

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/temporary_folder.hpp"
#include "http/address.hpp"
#include "http/server.hpp"

using namespace facebus;
using namespace facebus::http;

namespace {

/// TCP client that sends and receives raw bytes.
class Client {
  public:
    /// `source`: IP address to connect from.
    explicit Client(const std::string& address, const char* source = "127.0.0.1")
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        inet_pton(AF_INET, source, &own.sin_addr);
        const void* raw_own = &own;
        BOOST_REQUIRE(::bind(socket_, static_cast<const sockaddr*>(raw_own), sizeof own) == 0);
        sockaddr_in target{};
        target.sin_family = AF_INET;
        target.sin_port = htons(static_cast<std::uint16_t>(parse_address(address)->port));
        inet_pton(AF_INET, "127.0.0.1", &target.sin_addr);
        const void* raw = &target;
        BOOST_REQUIRE(connect(socket_, static_cast<const sockaddr*>(raw), sizeof target) == 0);
    }
    ~Client() { close(socket_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    Client& send(const std::string& bytes) {
        [[maybe_unused]] const auto sent =
            ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return *this;
    }
    [[nodiscard]] bool has_input_within_ms(int milliseconds) const {
        pollfd polled{.fd = socket_, .events = POLLIN, .revents = 0};
        return poll(&polled, 1, milliseconds) > 0;
    }
    /// Returns what the server sends, up to and including `end`; everything if the server closes
    /// the connection first.
    std::string receive_until(const std::string& end) {
        std::string all;
        char byte = 0;
        while (all.find(end) == std::string::npos && recv(socket_, &byte, 1, 0) == 1) all += byte;
        return all;
    }
    /// Returns everything that the server sends until it closes the connection.
    std::string receive() {
        std::string all;
        std::array<char, 4096> buffer{};
        ssize_t got = 0;
        while ((got = recv(socket_, buffer.data(), buffer.size(), 0)) > 0) {
            all.append(buffer.data(), static_cast<std::size_t>(got));
        }
        return all;
    }

  private:
    int socket_;
};

/// Function that returns the pieces of a response.
using Pieces = std::function<std::optional<std::string>()>;

/// Server with handlers for the tests. Accepts bodies of up to 1,000 bytes.
struct TestServer {
    std::atomic<int> handled = 0;
    Pieces pieces;
    std::promise<void> released;  ///< ends the handling of /wait
    std::shared_future<void> release = released.get_future().share();
    Request last;
    Server http_server;

    explicit TestServer(ServerOptions options = {})
        : http_server(complete(std::move(options)),
                      {.admit = [](const Request& request) -> std::expected<std::size_t, Response> {
                           if (request.path == "/no") {
                               return std::unexpected(Response{.status = 403, .body = "no"});
                           }
                           return 1000;
                       },
                       .handle = [this](const Request& request) { return handle(request); },
                       .error_response =
                           [](int status) {
                               return Response{.status = status,
                                               .body = "error " + std::to_string(status)};
                           }}) {}

    static ServerOptions complete(ServerOptions options) {
        options.address = "127.0.0.1:0";
        options.setting = "test.address";
        options.max_body = 1000;
        return options;
    }

    Response handle(const Request& request) {
        ++handled;
        if (request.path == "/wait") {
            release.wait();
            return {.body = "waited"};
        }
        last = request;
        if (request.path == "/throw") throw std::runtime_error("secret");
        if (request.path == "/pieces") return {.pieces = pieces};
        return {.body = "yes"};
    }

    /// Sends a request on a new connection and returns the whole response.
    std::string send_request(const std::string& head, const std::string& body = "") {
        return Client(http_server.address())
            .send(head + "\r\nConnection: close\r\n\r\n" + body)
            .receive();
    }
};

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void check_error(const std::string& response, int status) {
    BOOST_TEST(response.starts_with("HTTP/1.1 " + std::to_string(status)), response);
    BOOST_TEST(response.ends_with("error " + std::to_string(status)), response);
}

}  // namespace

BOOST_AUTO_TEST_CASE(passes_the_decoded_request_to_the_handler) {
    TestServer server;
    const auto response = server.send_request(
        "PUT /a%20b/c%2Fd?x=1+2&y=%C3%A9&x=3&z HTTP/1.1\r\nX-Api-Key: k\r\nContent-Type: "
        "multipart/form-data; boundary=b\r\nContent-Length: 4",
        "body");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("yes"));
    BOOST_TEST(server.last.method == "PUT");
    BOOST_TEST(server.last.path == "/a b/c/d");
    BOOST_TEST(server.last.query.count("x") == 2U);
    BOOST_TEST(server.last.query.find("x")->second == "1 2");
    BOOST_TEST(server.last.query.find("y")->second == "\xC3\xA9");
    BOOST_TEST(server.last.query.find("z")->second.empty());
    BOOST_TEST(server.last.header("x-api-key") == "k");
    BOOST_TEST(server.last.header("content-type") == "multipart/form-data; boundary=b");
    BOOST_TEST(server.last.body == "body");
    BOOST_TEST(server.last.length == 4U);
}

BOOST_AUTO_TEST_CASE(accepts_requests_with_neither_body_nor_content_length) {
    TestServer server;
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"}) {
        const auto response = server.send_request(std::string(method) + " / HTTP/1.1");
        BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    }
    BOOST_TEST(server.handled == 6);
}

BOOST_AUTO_TEST_CASE(head_requests_get_the_headers_of_get_without_the_body) {
    TestServer server;
    const auto response = server.send_request("HEAD / HTTP/1.1");
    BOOST_TEST(contains(response, "Content-Length: 3\r\n"), response);
    BOOST_TEST(response.ends_with("\r\n\r\n"), response);
    BOOST_TEST(server.last.method == "GET");
}

BOOST_AUTO_TEST_CASE(connection_serves_several_requests) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nxy");
    BOOST_TEST(client.receive_until("yes").ends_with("yes"));
    BOOST_TEST(server.last.body == "xy");
    // The second and the third request are sent together.
    client.send("GET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\nConnection: close\r\n\r\n");
    const auto rest = client.receive();
    BOOST_TEST(contains(rest, "Connection: close"), rest);
    BOOST_TEST(server.last.path == "/c");
    BOOST_TEST(server.last.body.empty());
    BOOST_TEST(server.handled == 3);
}

BOOST_AUTO_TEST_CASE(closes_the_connection_after_a_request_of_version_1_0) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("GET / HTTP/1.0\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(accepts_chunked_bodies_up_to_the_limit) {
    TestServer server;
    const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked";
    const auto response = server.send_request(head, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(server.last.body == "abcde");
    const auto chunk = "1f4\r\n" + std::string(500, 'x') + "\r\n";
    check_error(server.send_request(head, chunk + chunk + "1\r\nx\r\n0\r\n\r\n"), 413);
    check_error(server.send_request(head, "zz\r\n"), 400);
    BOOST_TEST(server.handled == 1);
}

BOOST_AUTO_TEST_CASE(sends_100_continue_before_it_reads_an_admitted_body) {
    TestServer server;
    const std::string headers = " HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    Client client(server.http_server.address());
    client.send("POST /" + headers);
    BOOST_TEST(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("x");
    BOOST_TEST(client.receive_until("yes").ends_with("yes"));
    Client rejected(server.http_server.address());
    rejected.send("POST /no" + headers);
    BOOST_TEST(rejected.receive().starts_with("HTTP/1.1 403"));
}

BOOST_AUTO_TEST_CASE(can_reject_a_request_before_its_body_arrives) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("POST /no HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("no"));
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_too_large_invalid_and_repeated_content_lengths) {
    TestServer server;
    Client client(server.http_server.address());
    client.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n");
    check_error(client.receive(), 413);
    check_error(server.send_request("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999"),
                400);
    check_error(server.send_request("POST / HTTP/1.1\r\nContent-Length: -1"), 400);
    check_error(
        server.send_request("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", "xx"),
        400);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_compressed_bodies_and_ambiguous_lengths) {
    TestServer server;
    const std::string post = "POST / HTTP/1.1\r\n";
    check_error(server.send_request(post + "Content-Encoding: gzip\r\nContent-Length: 1", "x"),
                415);
    check_error(server.send_request(post + "Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501);
    check_error(
        server.send_request(post + "Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
        400);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(rejects_malformed_requests_and_unknown_methods_with_an_error_body) {
    TestServer server;
    check_error(server.send_request("hello"), 400);
    check_error(server.send_request("GET / HTTP/9.9"), 400);
    check_error(server.send_request("GET nowhere HTTP/1.1"), 400);
    check_error(server.send_request("GET /%4 HTTP/1.1"), 400);
    check_error(server.send_request("GET /?a=%zz HTTP/1.1"), 400);
    check_error(server.send_request("GET / HTTP/1.1\r\nHost: a\r\nHost: b"), 400);
    check_error(server.send_request("GET / HTTP/1.1\r\nExpect: miracles"), 417);
    check_error(server.send_request("GET /" + std::string(9000, 'x') + " HTTP/1.1"), 414);
    const auto unknown = server.send_request("QUERY / HTTP/1.1");
    check_error(unknown, 405);
    BOOST_TEST(contains(unknown, "Allow: "));
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(limits_the_total_size_of_headers) {
    TestServer server;
    check_error(server.send_request("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), 431);
    Client client(server.http_server.address());
    client.send("GET / HTTP/1.1\r\n");
    const auto start = Monotonic::now();
    while (!client.has_input_within_ms(0)) client.send("X: " + std::string(1000, 'x') + "\r\n");
    // Less than the 5 s that the client has for sending its headers.
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
    BOOST_TEST(server.handled == 0);
}

BOOST_AUTO_TEST_CASE(deadline_applies_to_headers_and_bodies_that_arrive_byte_by_byte) {
    for (const auto* start_of_request :
         {"GET / HTTP/1.1\r\nX: ", "POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"}) {
        TestServer server({.timeout = 0.3});
        Client client(server.http_server.address());
        const auto start = Monotonic::now();
        client.send(start_of_request);
        while (!client.has_input_within_ms(20)) client.send("x");
        BOOST_TEST(server.handled == 0);
        const auto seconds = std::chrono::duration<double>(Monotonic::now() - start).count();
        BOOST_TEST(seconds >= 0.3);
        BOOST_TEST(seconds < 5);
    }
}

BOOST_AUTO_TEST_CASE(unfinished_requests_do_not_delay_other_requests) {
    TestServer server({.threads = 1});
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 50; ++i) {
        silent.push_back(std::make_unique<Client>(server.http_server.address()));
        silent.back()->send("POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n");
    }
    const auto start = Monotonic::now();
    BOOST_TEST(server.send_request("GET / HTTP/1.1").ends_with("yes"));
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(closes_the_oldest_waiting_connection_of_a_client_that_exceeds_its_limit) {
    TestServer server({.connections_per_client = 2});
    const auto& address = server.http_server.address();
    Client other(address, "127.0.0.2");
    Client first(address);
    BOOST_TEST(first.send("GET / HTTP/1.1\r\n\r\n").receive_until("yes").ends_with("yes"));
    Client second(address);
    BOOST_TEST(second.send("GET / HTTP/1.1\r\n\r\n").receive_until("yes").ends_with("yes"));
    Client third(address);
    BOOST_TEST(third.send("GET / HTTP/1.1\r\n\r\n").receive_until("yes").ends_with("yes"));
    BOOST_TEST(first.receive().empty());
    BOOST_TEST(second.send("GET / HTTP/1.1\r\n\r\n").receive_until("yes").ends_with("yes"));
    BOOST_TEST(other.send("GET / HTTP/1.1\r\n\r\n").receive_until("yes").ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(closes_a_connection_beyond_the_limit_if_none_is_waiting_for_a_request) {
    TestServer server({.max_connections = 1});
    Client busy(server.http_server.address());
    busy.send("POST /wait HTTP/1.1\r\nContent-Length: 9\r\n\r\nx");
    // The headers of `busy` have arrived, so the server reads them before it accepts `probe`.
    Client probe(server.http_server.address());
    std::string closed = probe.receive();
    BOOST_TEST(closed.empty());
}

BOOST_AUTO_TEST_CASE(responds_with_503_if_too_many_requests_are_waiting) {
    TestServer server({.threads = 1, .waiting = 1});
    Client first(server.http_server.address());
    Client second(server.http_server.address());
    first.send("GET /wait HTTP/1.1\r\n\r\n");
    second.send("GET /wait HTTP/1.1\r\n\r\n");
    std::string response;
    do {
        response = server.send_request("GET / HTTP/1.1");
    } while (response.starts_with("HTTP/1.1 200"));
    check_error(response, 503);
    BOOST_TEST(contains(response, "Retry-After: "));
    server.released.set_value();
    BOOST_TEST(first.receive_until("waited").ends_with("waited"));
    BOOST_TEST(second.receive_until("waited").ends_with("waited"));
}

BOOST_AUTO_TEST_CASE(limits_the_total_size_of_bodies_in_memory) {
    TestServer server;
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n";
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 5; ++i) {
        slow.push_back(std::make_unique<Client>(server.http_server.address()));
        slow.back()->send(head + std::string(900, 'x'));
    }
    // Four bodies of the maximum size fit, so one of the five is rejected.
    std::size_t rejected = slow.size();
    while (rejected == slow.size()) {
        rejected = static_cast<std::size_t>(
            std::ranges::find_if(
                slow, [](const auto& client) { return client->has_input_within_ms(10); }) -
            slow.begin());
    }
    check_error(slow[rejected]->receive(), 503);
    for (std::size_t i = 0; i < slow.size(); ++i) {
        if (i == rejected) continue;
        BOOST_TEST(slow[i]->send(std::string(100, 'x')).receive_until("yes").ends_with("yes"));
    }
}

BOOST_AUTO_TEST_CASE(sends_pieces_until_the_function_returns_nothing) {
    TestServer server;
    server.pieces = [left = std::vector<std::string>{"b", "", "a"}]() mutable {
        std::optional<std::string> next;
        if (left.empty()) return next;
        next = left.back();
        left.pop_back();
        return next;
    };
    const auto response = server.send_request("GET /pieces HTTP/1.1");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"), response);
}

BOOST_AUTO_TEST_CASE(sends_pieces_without_chunks_to_a_client_of_version_1_0) {
    TestServer server;
    server.pieces = [left = 2]() mutable -> std::optional<std::string> {
        if (left-- > 0) return "piece";
        return std::nullopt;
    };
    Client client(server.http_server.address());
    client.send("GET /pieces HTTP/1.0\r\n\r\n");
    BOOST_TEST(client.receive().ends_with("\r\n\r\npiecepiece"));
}

BOOST_AUTO_TEST_CASE(sends_new_data_of_a_stream_when_it_is_polled) {
    TestServer server;
    std::atomic<int> available = 0;
    server.pieces = [&available, sent = 0]() mutable -> std::optional<std::string> {
        return sent < available ? "piece " + std::to_string(++sent) : "";
    };
    Client client(server.http_server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    client.receive_until("\r\n\r\n");
    const auto start = Monotonic::now();
    for (int i = 1; i <= 20; ++i) {
        available = i;
        server.http_server.poll_streams();
        BOOST_TEST(contains(client.receive_until("piece " + std::to_string(i)), "piece"));
    }
    // Without poll_streams(), each piece would take up to a second.
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(connection_serves_a_request_after_a_stream_has_ended) {
    TestServer server;
    server.pieces = [left = 1]() mutable -> std::optional<std::string> {
        if (left-- > 0) return "piece";
        return std::nullopt;
    };
    Client client(server.http_server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.receive_until("\r\n0\r\n\r\n").ends_with("piece\r\n0\r\n\r\n"));
    client.send("GET / HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.receive_until("yes").ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(streamed_response_ends_when_the_client_disconnects) {
    TestServer server;
    std::promise<void> ended;
    {
        std::shared_ptr<void> owner(nullptr, [&](void*) { ended.set_value(); });
        server.pieces = [owner] { return std::optional<std::string>(""); };
        Client client(server.http_server.address());
        client.send("GET /pieces HTTP/1.1\r\n\r\n");
        BOOST_TEST(client.has_input_within_ms(60'000));
        server.pieces = nullptr;
    }
    ended.get_future().get();
}

BOOST_AUTO_TEST_CASE(server_stops_despite_an_endless_response) {
    auto server = std::make_unique<TestServer>();
    server->pieces = [] { return std::optional<std::string>(""); };
    Client client(server->http_server.address());
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    BOOST_TEST(client.has_input_within_ms(60'000));
    const auto start = Monotonic::now();
    server.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(server_stops_without_waiting_for_clients) {
    auto server = std::make_unique<TestServer>();
    Client silent(server->http_server.address());
    Client slow(server->http_server.address());
    slow.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
    const auto start = Monotonic::now();
    server.reset();
    BOOST_TEST(std::chrono::duration<double>(Monotonic::now() - start).count() < 4);
}

BOOST_AUTO_TEST_CASE(ignores_range_headers) {
    TestServer server;
    const auto response = server.send_request("GET / HTTP/1.1\r\nRange: bytes=1-1");
    BOOST_TEST(response.starts_with("HTTP/1.1 200"), response);
    BOOST_TEST(response.ends_with("yes"));
}

BOOST_AUTO_TEST_CASE(exception_causes_an_error_response_without_its_message) {
    TestServer server;
    const auto response = server.send_request("GET /throw HTTP/1.1");
    check_error(response, 500);
    BOOST_TEST(!contains(response, "secret"));
}

BOOST_AUTO_TEST_CASE(sends_the_rest_of_a_stream_after_its_file_was_unlinked) {
    const TemporaryFolder folder;
    const std::string text(200'000, 'x');
    std::ofstream(folder / "file") << "read before" << text;
    const Server server(
        {.address = "127.0.0.1:0", .setting = "test.address"},
        {.admit = [](const auto&) -> std::expected<std::size_t, Response> { return 0; },
         .handle =
             [&](const auto&) {
                 auto in = std::make_shared<std::ifstream>(folder / "file", std::ios::binary);
                 in->ignore(11);
                 std::filesystem::remove(folder / "file");
                 return Response{.type = "application/octet-stream", .stream = std::move(in)};
             },
         .error_response = [](int status) { return Response{.status = status}; }});
    const auto response =
        Client(server.address()).send("GET / HTTP/1.1\r\nConnection: close\r\n\r\n").receive();
    BOOST_TEST(response.ends_with("\r\n\r\n" + text));
}

BOOST_AUTO_TEST_CASE(error_for_an_unusable_address_mentions_the_setting) {
    const TestServer server;
    const auto names_setting = [](const FatalError& error) {
        return contains(error.what(), "test.address");
    };
    for (const auto& address : {server.http_server.address(), std::string("nowhere")}) {
        BOOST_CHECK_EXCEPTION(Server({.address = address, .setting = "test.address"}, {}),
                              FatalError, names_setting);
    }
}

BOOST_AUTO_TEST_CASE(recognises_loopback_and_malformed_addresses) {
    for (const auto* inside : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
        BOOST_TEST(is_loopback(*parse_address(inside)), inside);
    }
    for (const auto* outside :
         {"0.0.0.0:1", "127.example.com:1", "10.0.0.1:1", "[::]:1", "1.127.0.0:1"}) {
        BOOST_TEST(!is_loopback(*parse_address(outside)), outside);
    }
    for (const auto* malformed : {"", ":1", "host", "host:", "host:x", "host:70000", "host:-1"}) {
        BOOST_TEST(!parse_address(malformed), malformed);
    }
}
